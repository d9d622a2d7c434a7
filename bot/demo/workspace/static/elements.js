/** Draws Block Kit elements (https://docs.slack.dev/reference/block-kit/block-elements) and reports what people do with them. */

import { picture } from "./blocks.js";
import { h, icon, uniqueId } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";
import { confirmed, openMenu } from "./popup.js";
import { renderSelect, SELECTS } from "./selects.js";
import { renderField, FIELDS } from "./fields.js";

/** Whether using the element tells the app at once; inputs wait for the submit, unless they ask for more. */
export function tellsAtOnce(block) {
  return block.type !== "input" || block.dispatch_action === true;
}

export function labelOf(block, element) {
  return plainText(block.label) || plainText(element.placeholder) || plainText(block.text) || element.action_id;
}

async function whileBusy(node, work) {
  node.classList.add("busy");
  node.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    node.classList.remove("busy");
    node.removeAttribute("aria-busy");
  }
}

function button(element, block, surface) {
  const style = ["primary", "danger"].includes(element.style) ? ` ${element.style}` : "";
  const shared = { class: `button${style}`, "aria-label": element.accessibility_label };
  const web = /^https?:/i.test(element.url ?? "");
  const node = web
    ? h("a", { ...shared, href: element.url, target: "_blank", rel: "noopener noreferrer" }, textObject(element.text), icon("outside"))
    : h("button", { ...shared, type: "button" }, textObject(element.text));
  node.addEventListener("click", async () => {
    if (node.classList.contains("busy") || (!web && !(await confirmed(element.confirm)))) return;
    await whileBusy(node, () => surface.act(block, element, element.value === undefined ? {} : { value: element.value }));
  });
  return node;
}

function overflow(element, block, surface) {
  const choose = async (option) => {
    if (await confirmed(element.confirm)) await surface.act(block, element, { selected_option: option });
  };
  const items = element.options.map((option) => ({
    label: plainText(option.text),
    detail: option.description && plainText(option.description),
    href: /^https?:/i.test(option.url ?? "") ? option.url : undefined,
    onselect: () => choose(option),
  }));
  const open = (event) => openMenu(event.currentTarget, items, "More actions");
  return h("button", { type: "button", class: "button overflow", "aria-label": "More actions", "aria-haspopup": "menu", onclick: open }, icon("dots"));
}

function choice(kind, option, { name, checked, onchange }) {
  return h(
    "label",
    { class: "choice" },
    h("input", { type: kind, name, checked, onchange }),
    h("span", {}, h("span", { class: "text" }, textObject(option.text)), option.description && h("small", {}, textObject(option.description))),
  );
}

function radioButtons(element, block, surface) {
  const name = uniqueId("radio");
  const before = surface.recall(block, element) ?? { selected_option: element.initial_option ?? null };
  const remember = (option) => surface.remember(block, element, { selected_option: option });
  remember(before.selected_option);
  const pick = async (option) => {
    remember(option);
    if (tellsAtOnce(block) && (await confirmed(element.confirm))) await surface.act(block, element, { selected_option: option });
  };
  const options = element.options.map((option) =>
    choice("radio", option, { name, checked: option.value === before.selected_option?.value, onchange: () => pick(option) }),
  );
  return h("div", { class: "choices", role: "radiogroup", "aria-label": labelOf(block, element) }, options);
}

function checkboxes(element, block, surface) {
  let selected = (surface.recall(block, element) ?? { selected_options: element.initial_options ?? [] }).selected_options;
  const remember = () => surface.remember(block, element, { selected_options: selected });
  remember();
  const toggle = async (option, on) => {
    const others = selected.filter((other) => other.value !== option.value);
    selected = on ? [...others, option] : others;
    remember();
    if (tellsAtOnce(block) && (await confirmed(element.confirm))) await surface.act(block, element, { selected_options: selected });
  };
  const options = element.options.map((option) =>
    choice("checkbox", option, {
      checked: selected.some((other) => other.value === option.value),
      onchange: (event) => toggle(option, event.target.checked),
    }),
  );
  return h("div", { class: "choices", role: "group", "aria-label": labelOf(block, element) }, options);
}

const ELEMENTS = {
  button,
  overflow,
  radio_buttons: radioButtons,
  checkboxes,
  image: (element) => picture(element.image_url, element.alt_text, "accessory-image"),
};

function draw(element, block, surface) {
  if (Object.hasOwn(ELEMENTS, element.type)) return ELEMENTS[element.type](element, block, surface);
  if (Object.hasOwn(SELECTS, element.type)) return renderSelect(element, block, surface);
  if (Object.hasOwn(FIELDS, element.type)) return renderField(element, block, surface);
  return h("span", { class: "unsupported" }, `unsupported element: ${element.type}`);
}

/** The element, marked so that a redrawn surface finds the place of the focus again. */
export function renderElement(element, block, surface) {
  const node = draw(element, block, surface);
  node.dataset.key = `${block.block_id}/${element.action_id ?? ""}`;
  return node;
}
