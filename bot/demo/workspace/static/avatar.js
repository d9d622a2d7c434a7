/** Square avatars with initials, because a workspace without pictures should still be easy to scan. */

import { h, icon } from "./dom.js";
import { nameOf, workspace } from "./workspace.js";

const PALETTE = ["#c457c0", "#2b87d1", "#3aa366", "#d9702f", "#8f71e6", "#1797ad", "#d9376f", "#8a9c1a"];

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

export function avatar(userId) {
  const user = workspace.users.get(userId);
  if (user?.is_bot || userId === workspace.app.bot_user_id) return h("span", { class: "avatar app", "aria-hidden": "true" }, icon("swap"));
  const node = h("span", { class: "avatar", "aria-hidden": "true" }, initials(nameOf(userId) || "?"));
  node.style.setProperty("--avatar", colourOf(user, userId ?? ""));
  return node;
}
