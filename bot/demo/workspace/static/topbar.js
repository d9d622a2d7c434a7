/** The bar at the top: who you are, the hints, and on a narrow screen the way to the left bar. */

import { avatar } from "./avatar.js";
import { h, icon } from "./dom.js";
import { openMenu } from "./popup.js";
import { nameOf, people, workspace } from "./workspace.js";

const place = (id) => document.getElementById(id);

export function prepareTopbar({ onBecome, onGuide }) {
  place("menu-button").append(icon("menu"));
  place("menu-button").addEventListener("click", toggleDrawer);
  place("guide-button").append(icon("help"));
  place("guide-button").addEventListener("click", onGuide);
  place("you-button").addEventListener("click", () => choosePerson(onBecome));
}

export function drawYou() {
  const user = workspace.users.get(workspace.me);
  const button = place("you-button");
  button.setAttribute("aria-label", `You are ${nameOf(workspace.me)}. Become somebody else`);
  button.replaceChildren(
    avatar(workspace.me),
    h("span", {}, h("small", {}, "You are"), h("b", {}, nameOf(workspace.me)), h("span", { class: "you-title" }, user.title || "")),
    icon("down"),
  );
}

function choosePerson(onBecome) {
  const items = people().map((user) => ({
    label: nameOf(user.id),
    detail: user.title || "Member",
    current: user.id === workspace.me,
    onselect: () => onBecome(user.id),
  }));
  openMenu(place("you-button"), items, "Who you are");
}

function toggleDrawer() {
  const open = document.body.classList.toggle("drawer-open");
  place("menu-button").setAttribute("aria-expanded", String(open));
}

export function closeDrawer() {
  if (document.body.classList.contains("drawer-open")) toggleDrawer();
}
