/** Square avatars with initials, because a workspace without pictures should still be easy to scan. */

import { h, icon } from "./dom.js";
import { nameOf, workspace } from "./workspace.js";

const PALETTE = ["#8b3d88", "#1264a3", "#2b7a4b", "#b4531d", "#6b4fbb", "#0b7285", "#a61e4d", "#5c6b00"];

function initials(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)].map((word) => [...word][0]) : [...name].slice(0, 2);
  return letters.join("").toUpperCase();
}

function colourOf(user, id) {
  const given = /^#?([0-9a-f]{6})$/i.exec(user?.avatar_color ?? "");
  if (given) return `#${given[1]}`;
  return PALETTE[[...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % PALETTE.length];
}

function isLight(colour) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16));
  return red * 0.299 + green * 0.587 + blue * 0.114 > 150;
}

export function avatar(userId) {
  const user = workspace.users.get(userId);
  if (user?.is_bot || userId === workspace.app.bot_user_id) return h("span", { class: "avatar app", "aria-hidden": "true" }, icon("swap"));
  const colour = colourOf(user, userId ?? "");
  const node = h("span", { class: `avatar${isLight(colour) ? " dark-text" : ""}`, "aria-hidden": "true" }, initials(nameOf(userId) || "?"));
  node.style.setProperty("--avatar", colour);
  return node;
}
