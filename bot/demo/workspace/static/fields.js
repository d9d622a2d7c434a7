/** The fields people type into: text, numbers, dates and times. */

import { debounce, h } from "./dom.js";
import { labelOf, tellsAtOnce } from "./elements.js";
import { plainText } from "./mrkdwn.js";

const TYPING_PAUSE_MILLISECONDS = 300;

/** `2026-11-22T20:01` in the reader's zone, as a datetime-local field wants it. */
function localMinute(epochSeconds) {
  const date = new Date(epochSeconds * 1000);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** For each element: its HTML field, the name Slack gives its value, and both conversions. */
export const FIELDS = {
  plain_text_input: { value: "value", initial: "initial_value" },
  number_input: { type: "text", value: "value", initial: "initial_value" },
  email_text_input: { type: "email", value: "value", initial: "initial_value" },
  url_text_input: { type: "url", value: "value", initial: "initial_value" },
  datepicker: { type: "date", value: "selected_date", initial: "initial_date" },
  timepicker: { type: "time", value: "selected_time", initial: "initial_time" },
  datetimepicker: {
    type: "datetime-local",
    value: "selected_date_time",
    initial: "initial_date_time",
    show: localMinute,
    read: (text) => Math.floor(new Date(text).getTime() / 1000),
  },
};

function build(element, block, text) {
  const kind = FIELDS[element.type];
  const shared = {
    class: "field",
    "aria-label": labelOf(block, element),
    placeholder: plainText(element.placeholder) || null,
    maxlength: element.max_length,
    value: text,
  };
  if (element.multiline) return h("textarea", { ...shared, rows: "4" });
  const inputmode = element.type === "number_input" ? (element.is_decimal_allowed ? "decimal" : "numeric") : null;
  return h("input", { ...shared, type: kind.type ?? "text", inputmode, autocomplete: "off" });
}

function triggers(element) {
  return element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
}

/** When an input with dispatch_action tells the app: on Enter, on a pause in typing, or on a picked date. */
function listenForDispatch(control, element, tell) {
  if (FIELDS[element.type].type && element.type.endsWith("picker")) {
    control.addEventListener("change", tell);
    return;
  }
  if (triggers(element).includes("on_character_entered")) control.addEventListener("input", debounce(tell, TYPING_PAUSE_MILLISECONDS));
  if (!triggers(element).includes("on_enter_pressed")) return;
  control.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    tell();
  });
}

export function renderField(element, block, surface) {
  const kind = FIELDS[element.type];
  const show = kind.show ?? String;
  const read = kind.read ?? ((text) => text);
  const held = surface.recall(block, element);
  const start = (held ? held[kind.value] : element[kind.initial]) ?? null;
  const control = build(element, block, start === null ? "" : show(start));
  const state = () => ({ [kind.value]: control.value === "" ? null : read(control.value) });
  surface.remember(block, element, state());
  control.addEventListener("input", () => surface.remember(block, element, state()));
  if (tellsAtOnce(block)) listenForDispatch(control, element, () => surface.act(block, element, state()));
  return h("div", { class: "field-holder" }, control);
}
