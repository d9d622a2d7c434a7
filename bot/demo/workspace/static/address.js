/** What stands in the address: who the person is, and the message a permalink leads to. */

import { people } from "./workspace.js";

/** This address, for somebody else: two windows can be two people. */
export function addressAs(userId) {
  const address = new URL(location.href);
  address.searchParams.set("as", userId);
  return address;
}

export function askedPerson() {
  const asked = new URL(location.href).searchParams.get("as");
  return (people().find((user) => user.id === asked) ?? people()[0]).id;
}

/** A permalink arrives as `?channel=C…&message=p1700000000000100`; it becomes an ordinary address and a place to go to. */
export function takePermalink() {
  const address = new URL(location.href);
  const channel = address.searchParams.get("channel");
  const digits = /^p(\d+)(\d{6})$/.exec(address.searchParams.get("message") ?? "");
  if (!channel) return null;
  address.searchParams.delete("channel");
  address.searchParams.delete("message");
  address.hash = channel;
  history.replaceState(null, "", address);
  return digits && { channel, ts: `${digits[1]}.${digits[2]}` };
}
