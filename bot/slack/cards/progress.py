"""The one message that is edited while a run goes on, and the questions that a run puts to people."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.clocks import expected, rough
from bot.domain.request import State
from bot.domain.run import (
    AttemptOutcome,
    HardStopAnswer,
    Question,
    Run,
    Step,
    StepProgress,
    StepState,
    progress_of,
)
from bot.ports import RequestView
from bot.slack.blocks import Block, actions, button, context, section
from bot.slack.cards.lines import plan_code
from bot.slack.cards.scene import Message, Scene
from bot.slack.escape import clock, code, mention, mrkdwn, names, plain
from bot.slack.ids import ActionId, BlockId
from bot.slack.words import SIGN, STATE, STEP, minutes, step

LOST_ANSWER = "Sent, but the answer was lost. I am reading the group's status and will not send it again."
LEFT = {State.CANCELLED: "broken off", State.NEEDS_PERSON: "not known", State.UNKNOWN: "not known"}
NO_RETURN = "── point of no return ──"


def progress_card(scene: Scene) -> Message:
    request, run = scene.request, scene.run or Run(request_id=scene.request.id, revision=scene.request.revision)
    where = f"{mrkdwn(request.group.name, 80)} · {mrkdwn(request.to_zone, 60)}"
    title = f"*{STATE[request.state]}* · {where} · {plan_code(request)}"
    steps = [_step(scene.view, progress, scene.now) for progress in run.steps]
    steps.insert(2, NO_RETURN)
    under_way = next((p for p in run.steps if p.state is StepState.RUNNING and not _left(request.state, p)), None)
    at_step = f", {step(under_way.step, under_way.state)}" if under_way else ""
    text = f"{STATE[request.state]}: {plain(request.group.name, 80)}{at_step}"
    blocks = [section("\n".join((title, *steps))), *_remarks(scene.view, scene.now), *_cancel(scene, run)]
    return Message(text=text, blocks=blocks)


def _step(view: RequestView, progress: StepProgress, now: datetime) -> str:
    number, left = list(Step).index(progress.step) + 1, _left(view.request.state, progress)
    if left:
        return f"{SIGN[StepState.SKIPPED]} *{number} {STEP[progress.step]}: {left}*"
    parts = [f"{SIGN[progress.state]} *{number} {step(progress.step, progress.state)}*"]
    if amount := _amount(view.run, progress):
        parts.append(amount)
    if progress.state is StepState.RUNNING and progress.started_at:
        parts.append(minutes(now - progress.started_at) + _usual(view, progress.step))
    if progress.ended_at:
        parts.append(clock(progress.ended_at))
    if progress.note:
        parts.append(mrkdwn(progress.note, 200))
    return " · ".join(parts)


def _amount(run: Run | None, progress: StepProgress) -> str:
    """How much is done; of a failed reversal how much failed, because what failed is over as well."""
    if not progress.total:
        return ""
    if progress.step is not Step.REVERSE:
        return f"{progress.done} of {progress.total} servers"
    if progress.state is not StepState.FAILED:
        return f"{progress.done} of {progress.total} sub-jobs"
    failed = progress_of(run.job).failed if run and run.job else 0
    return f"{failed} of {progress.total} sub-jobs failed" if failed else ""


def _left(state: State, progress: StepProgress) -> str:
    """What became of a step that was under way when the run ended or waits for a person; empty while it goes on."""
    if progress.state is not StepState.RUNNING or progress.step is Step.CONFIRM:
        return ""
    return LEFT.get(state, "")


def _usual(view: RequestView, step: Step) -> str:
    """Jobs carry no percentage: only our own history says how long it may take."""
    spans = view.history.reversals if step is Step.REVERSE else ()
    usual = expected(spans)
    return f" of about {rough(usual)}" if usual else ""


def _remarks(view: RequestView, now: datetime) -> list[Block]:
    told = []
    run, attempt = view.run, view.attempt
    is_looking = view.request.state is State.RUNNING
    if attempt and attempt.outcome is AttemptOutcome.UNCLEAR and is_looking and not attempt.job_id:
        told.append(LOST_ANSWER)
    if run and run.stale_reason and run.observed_at:
        told.append(f"Last answer {_age(now - run.observed_at)} ago: {mrkdwn(run.stale_reason, 300)}")
    if run and run.job_id:
        told.append(f"Job {code(run.job_id, 80)}")
    if run and run.cancel_requested_by and not view.request.state.is_final:
        told.append(f"{mention(run.cancel_requested_by)} asked to cancel.")
    if run and run.problem:
        told.append(mrkdwn(run.problem.sentence, 600))
    return [context("\n".join(told))] if told else []


def _age(span: timedelta) -> str:
    return f"{max(0, int(span.total_seconds()))} s" if span < timedelta(minutes=5) else rough(span)


def _cancel(scene: Scene, run: Run) -> list[Block]:
    """Cancel is there until the reversal may have been submitted, and then never again."""
    may_cancel = (
        scene.request.state is State.RUNNING
        and run.step(Step.REVERSE).state is StepState.WAITING
        and scene.view.attempt is None
        and run.cancel_requested_by is None
    )
    says = f"Cancel the run for {plain(scene.request.group.name, 30)}"
    made = [button("Cancel", ActionId.CANCEL, scene.target, says=says, style="danger")] if may_cancel else []
    return actions(made, block_id=BlockId.DECIDE)


# ---------------------------------------------------------------------------------------- questions


def question_message(scene: Scene) -> Message:
    """Open while the run waits for it; afterwards it says what was answered and by whom."""
    run = scene.run
    asked = run.question if run else None
    if run is None or asked is None or scene.key not in ("", asked.value):
        return _answered(scene)
    told = _hard_stop(run) if asked is Question.HARD_STOP else _look_again(run)
    blocks = [section(told), *actions(_answers(scene, asked), block_id=BlockId.DECIDE)]
    return Message(text=f"{plain(scene.request.group.name, 80)}: a person must decide how to go on.", blocks=blocks)


def _hard_stop(run: Run) -> str:
    why = f" {mrkdwn(run.problem.sentence, 800)}" if run.problem else ""
    return (
        f"*These servers do not stop:* {names(run.question_subjects, 800) or 'unknown'}.{why}\n"
        "Nothing was reversed. Force them off (data in memory is lost), wait on, or cancel the run."
    )


def _look_again(run: Run) -> str:
    """Whatever was lost sight of: what happened, and that nothing follows by itself."""
    lost = "Sent, but the answer was lost, and the group does not tell."
    what = mrkdwn(run.problem.sentence, 800) if run.problem else lost
    off = " The production servers that were stopped are still off." if run.stopped_server_ids else ""
    return (
        f"*A person must look.* {what}{off}\nNothing is sent again. Check the group in the cloud console. *Look again* "
        "reads its status once more; *Close…* ends this request as unknown."
    )


def _answers(scene: Scene, asked: Question) -> list[Block]:
    value, group = scene.target, plain(scene.request.group.name, 30)
    if asked is Question.HARD_STOP:
        return [button("Answer…", ActionId.HARD_STOP, value, says=f"Decide about servers of {group}", style="primary")]
    return [
        button("Look again", ActionId.LOOK_AGAIN, value, says=f"Read the status of {group} again", style="primary"),
        button("Close…", ActionId.CLOSE, value, says=f"Close the request for {group} as unknown", style="danger"),
    ]


ANSWERED = {
    HardStopAnswer.FORCE: "Answered: force the servers off",
    HardStopAnswer.WAIT: "Answered: wait on",
    HardStopAnswer.CANCEL: "Answered: cancel the run",
}


def _answered(scene: Scene) -> Message:
    run = scene.run
    is_hard_stop = scene.key == Question.HARD_STOP or (not scene.key and run is not None and run.hard_stop is not None)
    if run and run.hard_stop and is_hard_stop:
        told = f"{ANSWERED[run.hard_stop]}, by {mention(run.answered_by)}."
    elif scene.request.state is State.UNKNOWN:
        told = f"Closed as unknown by {mention(scene.request.decided_by)}."
    else:
        told = "This question is settled. The thread says how it went on."
    return Message(text=told, blocks=[section(told)])
