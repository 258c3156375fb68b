"""The step that trains student and critic in turn."""

from typing import cast

from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from rsnotes.drd.adversarial import critic_loss, gradient_penalty
from rsnotes.drd.objective import DRDObjective, Student
from rsnotes.drd.recipe import DRDRecipe
from rsnotes.training import Batch, GradientStep, poly


class DRDStep(GradientStep):
    """A step of the student on the weighted terms, then one of the critic on the same score maps.

    The order is SKD's. The critic's own terms are recorded as L_d and gradient_penalty. The recipe of the objective
    gives weights, optimisers and schedule. The critic is not wrapped by Fabric, which forbids the gradient inside a
    forward pass that the penalty needs; it learns in full precision, its gradients averaged over the processes.

    Args:
        fabric: where the run takes place.
        student: see :class:`~rsnotes.drd.objective.Student`.
        objective: see :class:`~rsnotes.drd.objective.DRDObjective`.
    """

    def __init__(self, fabric: Fabric, student: Student, objective: DRDObjective) -> None:
        recipe = objective.recipe
        schedule = poly(recipe.steps, recipe.power)
        optimizer = _sgd(student, recipe.learning_rate, recipe)
        super().__init__(fabric, student, optimizer, objective, recipe.weights(), schedule)
        self.distillation = objective
        if objective.critic is not None:
            critic_optimizer = _sgd(objective.critic, recipe.critic_rate, recipe)
            fabric.to_device(objective.critic)
            self.critic_optimizer = cast(Optimizer, fabric.setup_optimizers(critic_optimizer))
            self.parts |= {"critic": objective.critic, "critic_optimizer": self.critic_optimizer}

    def __call__(self, batch: Batch, number: int) -> dict[str, Tensor]:
        """Take step ``number`` (from 0) on ``batch``; all terms before it, without gradient."""
        with self.fabric.autocast():
            terms = super().__call__(batch, number)
        return terms | self._update_critic(batch.image, number)

    def _update_critic(self, image: Tensor, number: int) -> dict[str, Tensor]:
        critic, maps, recipe = self.distillation.critic, self.distillation.score_maps, self.distillation.recipe
        if critic is None or maps is None:
            return {}
        self.critic_optimizer.param_groups[0]["lr"] = recipe.critic_rate * self.schedule(number)
        loss = critic_loss(critic(maps.student, image), critic(maps.teacher, image))
        penalty = gradient_penalty(critic, maps.student, maps.teacher, image)
        self.critic_optimizer.zero_grad()
        self.fabric.backward(loss + recipe.gradient_penalty * penalty)
        if self.fabric.world_size > 1:
            for parameter in critic.parameters():
                parameter.grad = cast(Tensor, self.fabric.all_reduce(cast(Tensor, parameter.grad), reduce_op="mean"))
        self.critic_optimizer.step()
        return {"L_d": loss.detach(), "gradient_penalty": penalty.detach()}


def _sgd(module: nn.Module, rate: float, recipe: DRDRecipe) -> SGD:
    return SGD(module.parameters(), rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
