/** The first visitor's four steps. Each is ticked when it really happened, in whichever order. */

import { h, icon, iconButton } from "./dom.js";
import { nameOf, people, workspace } from "./workspace.js";

const STORED = "guide";

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED)) ?? {};
  } catch {
    return {};
  }
}

function isApprover(user) {
  return /approv/i.test(user.title ?? "") && !user.is_restricted;
}

/** The person to become for the approval: an approver who is not the requester. */
function suggestedApprover(requester) {
  const others = people().filter((user) => user.id !== requester && user.id !== workspace.me);
  return others.find(isApprover) ?? others[0];
}

export class Guide {
  /** `onCommand()`, `onBecome(userId)`, `onDirectMessages()`. */
  constructor(actions) {
    this.actions = actions;
    this.state = stored();
    this.node = h("section", { class: "guide", id: "guide", "aria-label": "Try this" });
  }

  get isHidden() {
    return Boolean(this.state.hidden);
  }

  note(change) {
    const next = { ...this.state, ...change };
    if (JSON.stringify(next) === JSON.stringify(this.state)) return;
    this.state = next;
    sessionStorage.setItem(STORED, JSON.stringify(next));
    this.render();
  }

  /** A button of the app was pressed: the whole decision, unless its label ends with "…" and a form follows. */
  clicked(element) {
    const label = element.text?.text ?? "";
    if (!label.endsWith("…")) this.#decided(label);
  }

  /** A form went through. The first is the request; what others send later is their decision on it. */
  submitted(view) {
    if (this.state.requester) this.#decided(view.submit?.text ?? "");
    else this.note({ requester: workspace.me });
  }

  #decided(label) {
    const { requester } = this.state;
    if (requester && requester !== workspace.me && /approve/i.test(label)) this.note({ approver: workspace.me });
  }

  render() {
    this.node.hidden = this.isHidden;
    document.getElementById("guide-button").setAttribute("aria-expanded", String(!this.isHidden));
    const { requester, approver, thread, guidance } = this.state;
    const steps = [this.#ask(requester), this.#approve(requester, approver), this.#watch(thread), this.#read(requester, guidance)];
    const now = steps.findIndex((step) => !step.done);
    this.node.replaceChildren(
      h("div", { class: "guide-head" }, h("h2", {}, now < 0 ? "That was the whole flow" : "Try this"), iconButton("close", "Hide these hints", () => this.note({ hidden: true }))),
      h("ol", {}, steps.map((step, index) => this.#step(step, index, index === now))),
    );
  }

  #step({ title, detail, done, button }, index, current) {
    const mark = done ? icon("check") : String(index + 1);
    return h(
      "li",
      { class: `${done ? "done" : ""}${current ? " current" : ""}`, "aria-current": current ? "step" : null },
      h("span", { class: "step-mark", "aria-hidden": "true" }, mark),
      h("div", {}, h("strong", {}, title, done && h("span", { class: "hidden-text" }, " (done)")), h("p", {}, detail), current && button),
    );
  }

  #ask(requester) {
    const button = h("button", { type: "button", class: "button small", onclick: this.actions.onCommand }, "Type it for me");
    return { title: "Type /failover", detail: "Fill in the form and send it.", done: requester, button };
  }

  #approve(requester, approver) {
    const next = suggestedApprover(requester);
    const waiting = requester === workspace.me && next;
    const become = waiting && h("button", { type: "button", class: "button small", onclick: () => this.actions.onBecome(next.id) }, `Become ${nameOf(next.id)}`);
    return { title: "Approve as somebody else", detail: "Nobody approves their own request.", done: approver, button: become };
  }

  #watch(thread) {
    return { title: "Watch the thread", detail: "Open the replies under the card.", done: thread };
  }

  #read(requester, guidance) {
    const away = requester && requester !== workspace.me;
    const go = away ? () => this.actions.onBecome(requester) : this.actions.onDirectMessages;
    const button = h("button", { type: "button", class: "button small", onclick: go }, away ? `Be ${nameOf(requester)} again` : "Open the messages");
    return { title: "Find the login guidance", detail: "It comes to the requester, in private.", done: guidance, button };
  }
}
