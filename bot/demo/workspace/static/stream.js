/** Live events for one person. Reconnects with back-off, and says so, because silence looks like "nothing happened". */

const FIRST_WAIT_MILLISECONDS = 500;
const LONGEST_WAIT_MILLISECONDS = 15_000;

export class Stream {
  #source = null;
  #timer = null;
  #wait = FIRST_WAIT_MILLISECONDS;
  #lost = false;

  /** `onEvent(event)`, `onState("open" | "lost", secondsToNextTry)`. */
  constructor(person, { onEvent, onState }) {
    this.person = person;
    this.onEvent = onEvent;
    this.onState = onState;
    this.#connect();
  }

  retryNow() {
    if (!this.#lost) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    this.#source?.close();
    const source = new EventSource(`/_/stream?as=${encodeURIComponent(this.person)}`);
    this.#source = source;
    source.onopen = () => this.#opened();
    source.onerror = () => source === this.#source && this.#failed();
    source.onmessage = (event) => source === this.#source && this.onEvent(JSON.parse(event.data));
  }

  #opened() {
    this.#lost = false;
    this.#wait = FIRST_WAIT_MILLISECONDS;
    this.onState("open");
  }

  // The browser's own retry gives up for good after some answers (a 502 of a restarting server), ours does not.
  #failed() {
    this.#source.close();
    this.#lost = true;
    this.onState("lost", Math.ceil(this.#wait / 1000));
    this.#timer = setTimeout(() => this.#connect(), this.#wait * (0.8 + Math.random() * 0.4));
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MILLISECONDS);
  }
}
