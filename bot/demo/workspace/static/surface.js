/** A place where blocks live (a message, a modal, the Home tab): remembers what was typed and sends what was clicked. */

import { api } from "./api.js";
import { arrange, h } from "./dom.js";
import { renderBlock } from "./blocks.js";
import { closeOrphans, toast } from "./popup.js";

const keyOf = (blockId, actionId) => `${blockId}\u0000${actionId}`;

/** Slack tells people about its error codes in a notice of its own; only sentences are for us to show. */
const isSentence = (error) => error.includes(" ");

export class Surface {
  #drawn = new Map();

  /** `container` is what the server calls this place; `onAct` hears of each action that was sent. */
  constructor(container, { onAct = () => {}, remembered = {} } = {}) {
    this.container = container;
    this.onAct = onAct;
    this.states = new Map();
    this.blocks = [];
    this.node = h("div", { class: "blocks" });
    for (const [blockId, actions] of Object.entries(remembered)) {
      for (const [actionId, state] of Object.entries(actions)) this.states.set(keyOf(blockId, actionId), state);
    }
  }

  /**
   * Shows these blocks. A block that is the same as before keeps its very node (and so its focus); an input that
   * was redrawn takes over what had been typed, as long as its block_id and action_id stayed.
   */
  render(blocks) {
    this.blocks = blocks;
    const focus = this.#focused();
    const before = this.#drawn;
    this.#drawn = new Map();
    const nodes = blocks.map((block, index) => {
      const key = block.block_id ?? `#${index}`;
      const source = JSON.stringify(block);
      const old = before.get(key);
      const node = old?.source === source ? old.node : renderBlock(block, this);
      this.#drawn.set(key, { source, node });
      return node;
    });
    arrange(this.node, nodes);
    closeOrphans();
    this.#restore(focus);
  }

  recall(block, element) {
    const state = this.states.get(keyOf(block.block_id, element.action_id));
    return state?.type === element.type ? state : undefined;
  }

  remember(block, element, state) {
    this.states.set(keyOf(block.block_id, element.action_id), { type: element.type, ...state });
    this.clearError(block.block_id);
  }

  /** Slack's `view.state.values`, for the inputs that are on the surface now. */
  values() {
    const values = {};
    for (const [block, element] of this.#elements()) {
      const state = this.recall(block, element);
      if (state) (values[block.block_id] ??= {})[element.action_id] = state;
    }
    return values;
  }

  *#elements() {
    for (const block of this.blocks) {
      if (block.element) yield [block, block.element];
      if (block.accessory) yield [block, block.accessory];
      if (block.type === "actions") for (const element of block.elements) yield [block, element];
    }
  }

  async act(block, element, payload) {
    const action = { block_id: block.block_id, action_id: element.action_id, type: element.type, ...payload };
    this.onAct(element);
    const answer = await api.act({ container: this.container, ...action, values: this.values() });
    if (!answer.ok && isSentence(answer.error)) toast(answer.error, "error");
    return answer;
  }

  options(block, element, query) {
    const { view_id, channel, ts } = this.container;
    return api.options({ view_id, channel, ts, block_id: block.block_id, action_id: element.action_id, query });
  }

  showErrors(errors) {
    let first = null;
    for (const [blockId, text] of Object.entries(errors)) {
      const node = this.#drawn.get(blockId)?.node;
      if (!node?.showError) continue;
      node.showError(text);
      first ??= node;
    }
    first?.querySelector("input, textarea, select, button")?.focus();
    return first !== null;
  }

  clearError(blockId) {
    this.#drawn.get(blockId)?.node.showError?.(null);
  }

  #focused() {
    const active = document.activeElement;
    if (!active || !this.node.contains(active)) return null;
    const { selectionStart: start, selectionEnd: end } = active;
    return { active, key: active.closest("[data-key]")?.dataset.key, start, end };
  }

  #restore(focus) {
    if (!focus || focus.active.isConnected) return;
    const holder = [...this.node.querySelectorAll("[data-key]")].find((node) => node.dataset.key === focus.key);
    const field = holder?.matches("input, textarea, button, a") ? holder : holder?.querySelector("input, textarea, button");
    field?.focus();
    if (field && typeof focus.start === "number") field.setSelectionRange(focus.start, focus.end);
  }
}
