/** Small things that float: menus beside their button, confirmation dialogs, and toasts. */

import { h, iconButton, uniqueId } from "./dom.js";
import { plainText, textObject } from "./mrkdwn.js";

const TOAST_MILLISECONDS = 9_000;

const open = new Map();

/** Closes the popups whose anchor was taken away, as a live update can do. */
export function closeOrphans() {
  for (const [anchor, close] of open) if (!anchor.isConnected) close();
}

/** Puts `panel` under `anchor`, or above it when there is no room; returns a function that closes it. */
export function openPopup(anchor, panel, onClose = () => {}) {
  document.getElementById("overlays").append(panel);
  place(anchor, panel);
  const outside = (event) => !panel.contains(event.target) && !anchor.contains(event.target) && close();
  const moved = (event) => !panel.contains(event.target) && place(anchor, panel);
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("scroll", moved, true);
  open.set(anchor, close);
  function close() {
    open.delete(anchor);
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("scroll", moved, true);
    if (!panel.isConnected) return;
    panel.remove();
    onClose();
  }
  return close;
}

/** Puts an open popup back beside its anchor, after its content has changed its size. */
export function place(anchor, panel) {
  const box = anchor.getBoundingClientRect();
  const height = panel.offsetHeight;
  const below = window.innerHeight - box.bottom - 8;
  const top = height > below && box.top > below ? Math.max(4, box.top - height - 4) : box.bottom + 4;
  const left = Math.max(4, Math.min(box.left, window.innerWidth - panel.offsetWidth - 4));
  panel.style.setProperty("--top", `${top}px`);
  panel.style.setProperty("--left", `${left}px`);
  panel.style.setProperty("--anchor-width", `${box.width}px`);
}

function moveFocus(items, step) {
  const index = items.indexOf(document.activeElement);
  items[(index + step + items.length) % items.length]?.focus();
}

/** A menu of `{ label, detail, onselect, href, current }` that the arrow keys walk through. */
export function openMenu(anchor, items, label) {
  const buttons = items.map((item) => menuItem(item, () => close()));
  const menu = h("div", { class: "popup menu", role: "menu", "aria-label": label }, buttons);
  menu.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") moveFocus(buttons, 1);
    else if (event.key === "ArrowUp") moveFocus(buttons, -1);
    else if (event.key === "Escape" || event.key === "Tab") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const close = openPopup(anchor, menu, () => anchor.focus());
  buttons[0]?.focus();
}

function menuItem(item, close) {
  const pick = () => {
    close();
    item.onselect?.();
  };
  const parts = [h("span", {}, item.label), item.detail && h("small", {}, item.detail)];
  const shared = { class: "menu-item", role: item.current === undefined ? "menuitem" : "menuitemradio", onclick: pick };
  if (item.href) return h("a", { ...shared, href: item.href, target: "_blank", rel: "noopener noreferrer" }, parts);
  return h("button", { ...shared, type: "button", "aria-checked": item.current === undefined ? null : String(item.current) }, parts);
}

/** Asks Slack's confirmation question; resolves to whether the person went on. */
export function confirmed(confirm) {
  if (!confirm) return Promise.resolve(true);
  return new Promise((resolve) => {
    const title = uniqueId("confirm");
    const answer = (value) => {
      dialog.close();
      dialog.remove();
      resolve(value);
    };
    const style = confirm.style === "danger" ? "button danger filled" : "button primary";
    const dialog = h(
      "dialog",
      { class: "confirm", "aria-labelledby": title, oncancel: () => answer(false) },
      h("h2", { id: title }, plainText(confirm.title)),
      h("div", { class: "confirm-text" }, textObject(confirm.text)),
      h(
        "div",
        { class: "confirm-buttons" },
        h("button", { type: "button", class: "button", onclick: () => answer(false) }, plainText(confirm.deny) || "Cancel"),
        h("button", { type: "button", class: style, onclick: () => answer(true) }, plainText(confirm.confirm) || "Yes"),
      ),
    );
    document.getElementById("overlays").append(dialog);
    dialog.showModal();
  });
}

/** A calm line in the corner. The same words are never shown twice at a time. */
export function toast(text, level = "info") {
  const area = document.getElementById("toasts");
  if ([...area.children].some((other) => other.dataset.text === text)) return;
  const remove = () => note.remove();
  const note = h(
    "div",
    { class: `toast ${level === "error" ? "error" : "info"}`, "data-text": text },
    h("p", {}, text),
    iconButton("close", "Dismiss", remove),
  );
  area.append(note);
  setTimeout(remove, TOAST_MILLISECONDS);
}
