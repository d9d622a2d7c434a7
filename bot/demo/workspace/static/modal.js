/** The modal on top of a person's stack. A live update never takes away what has been typed. */

import { api } from "./api.js";
import { h, icon, iconButton } from "./dom.js";
import { plainText } from "./mrkdwn.js";
import { closeOrphans } from "./popup.js";
import { Surface } from "./surface.js";

const ANSWER_WAIT_MILLISECONDS = 1_500;

function isEmpty(state) {
  if (!state) return true;
  return Object.entries(state).every(([name, value]) => name === "type" || value === null || value === "" || value?.length === 0);
}

/** The errors Slack's own client shows before it asks the app. */
function missing(view, values) {
  const errors = {};
  for (const block of view.blocks) {
    if (block.type !== "input") continue;
    const state = values[block.block_id]?.[block.element.action_id];
    if (isEmpty(state) && !block.optional) errors[block.block_id] = "Please complete this required field.";
    else if (state?.value && state.value.length < (block.element.min_length ?? 0)) {
      errors[block.block_id] = `Enter at least ${block.element.min_length} characters.`;
    }
  }
  return errors;
}

export class Modal {
  #surfaces = new Map();
  #view = null;
  #frame = null;
  #returnFocus = null;

  /** `behind` is the part of the page that must not be reached while a modal is open. */
  constructor(behind, { onSubmitted }) {
    Object.assign(this, { behind, onSubmitted });
    document.addEventListener("keydown", (event) => this.#key(event));
  }

  get isOpen() {
    return this.#view !== null;
  }

  show(view) {
    if (!view) return this.hide();
    const sameView = this.#view?.id === view.id;
    this.#view = view;
    if (!sameView) this.#open(view);
    this.#draw(view);
    const { node } = this.#frame;
    if (!sameView || node === document.activeElement || !node.contains(document.activeElement)) this.#focusFirst();
    return undefined;
  }

  hide() {
    if (!this.#view) return;
    this.#view = null;
    this.#frame.overlay.remove();
    closeOrphans();
    this.#frame = null;
    this.behind.inert = false;
    this.#returnFocus?.focus?.();
    this.#surfaces.clear();
  }

  #surface(view) {
    if (!this.#surfaces.has(view.id)) {
      const remembered = view.state?.values ?? {};
      this.#surfaces.set(view.id, new Surface({ type: "view", view_id: view.id }, { remembered }));
    }
    return this.#surfaces.get(view.id);
  }

  #open(view) {
    if (this.#frame) this.#frame.overlay.remove();
    else this.#returnFocus = document.activeElement;
    this.behind.inert = true;
    this.#frame = this.#build(view);
    document.getElementById("overlays").append(this.#frame.overlay);
  }

  #build(view) {
    const title = h("h2", { id: "modal-title" });
    const trouble = h("p", { class: "modal-trouble", role: "alert" });
    const body = h("div", { class: "modal-body" }, this.#surface(view).node);
    const close = h("button", { type: "button", class: "button", onclick: () => this.#dismiss() });
    const submit = h("button", { type: "submit", class: "button primary" });
    const corner = view.previous_view_id ? iconButton("back", "Back", () => this.#dismiss()) : null;
    const node = h(
      "form",
      { class: "modal", role: "dialog", "aria-modal": "true", "aria-labelledby": title.id, tabindex: "-1", novalidate: true, onsubmit: (event) => this.#submit(event) },
      h("header", {}, corner, h("span", { class: "modal-app avatar app" }, icon("swap")), title, iconButton("close", "Close", () => this.#dismiss())),
      body,
      trouble,
      h("footer", {}, close, submit),
    );
    return { overlay: h("div", { class: "overlay" }, node), node, title, body, trouble, close, submit };
  }

  #draw(view) {
    const { title, close, submit } = this.#frame;
    title.textContent = plainText(view.title);
    close.textContent = plainText(view.close) || (view.submit ? "Cancel" : "Close");
    submit.textContent = plainText(view.submit) || "Submit";
    submit.hidden = !view.submit && !view.blocks.some((block) => block.type === "input");
    this.#surface(view).render(view.blocks);
    this.#trouble("");
    this.#busy(false);
  }

  #focusFirst() {
    const { body, node } = this.#frame;
    (body.querySelector("input, textarea") ?? node).focus();
  }

  #trouble(text) {
    this.#frame?.trouble.replaceChildren(text);
  }

  #busy(on) {
    if (!this.#frame) return;
    this.#frame.submit.disabled = on;
    this.#frame.submit.classList.toggle("busy", on);
    this.#frame.body.inert = on;
  }

  async #submit(event) {
    event.preventDefault();
    const view = this.#view;
    if (this.#frame.submit.disabled || this.#frame.submit.hidden) return;
    const surface = this.#surface(view);
    const values = surface.values();
    for (const block of view.blocks) surface.clearError(block.block_id);
    if (surface.showErrors(missing(view, values))) return;
    this.#busy(true);
    const answer = await api.submit(view.id, values);
    if (answer.ok && !answer.errors) this.onSubmitted(view);
    if (this.#view?.id === view.id) this.#answered(answer, surface);
  }

  #answered(answer, surface) {
    if (answer.errors) {
      this.#busy(false);
      if (!surface.showErrors(answer.errors)) this.#trouble(Object.values(answer.errors).join(" "));
    } else if (!answer.ok) {
      this.#busy(false);
      this.#trouble(`We had some trouble connecting. Try again? (${answer.error})`);
    } else {
      // The new state of the stack comes over the stream; until then a second submit would be a double one.
      const view = this.#view;
      setTimeout(() => this.#view === view && this.#busy(false), ANSWER_WAIT_MILLISECONDS);
    }
  }

  #dismiss() {
    const viewId = this.#view.id;
    const isLast = !this.#view.previous_view_id;
    api.close(viewId);
    if (isLast) this.hide();
  }

  #key(event) {
    if (event.key !== "Escape" || !this.isOpen || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.#dismiss();
  }
}
