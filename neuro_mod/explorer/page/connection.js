// The WebSocket: messages in, commands out, a new connection when it is lost.

const SHORTEST = 500, LONGEST = 5000; // ms between attempts
const PATIENCE = 400; // ms
const KEY = 'neuro-mod-exploration';

const newId = () => Array.from(crypto.getRandomValues(new Uint32Array(4)), (x) => x.toString(16).padStart(8, '0')).join('');

/**
 * The name of this tab's exploration. A duplicated tab inherits the storage of the first, but not its lock: it gets another name.
 * @returns {Promise<string>}
 */
async function explorationName() {
  let id = null;
  try {
    id = sessionStorage.getItem(KEY);
  } catch { /* storage may be forbidden */ }
  const claim = (name) => new Promise((answer) => {
    if (!navigator.locks) return answer(true);
    navigator.locks.request(`${KEY}-${name}`, { ifAvailable: true }, (lock) => {
      answer(lock !== null);
      return lock && new Promise(() => {}); // held until the tab is closed
    }).catch(() => answer(true));
  });
  // a page that is loaded again may come before the lock of its former self is free
  for (const end = performance.now() + PATIENCE; id && performance.now() < end;) {
    if (await claim(id)) return id;
    await new Promise((later) => setTimeout(later, 20));
  }
  id = newId();
  await claim(id);
  return id;
}

export class Connection {
  #socket = null;
  #wait = SHORTEST;
  #ended = false;
  #queued = new Map(); // newest command of each kind that waits for the next animation frame
  #id = null;

  /**
   * @param {string} token
   * @param {{message: (m: object) => void, frame: (b: ArrayBuffer) => void, state: (s: 'open'|'lost'|'ended') => void,
   *   sent: (command: object, at: number) => void}} handlers
   */
  constructor(token, handlers) {
    this.token = token;
    this.handlers = handlers;
  }

  async open() {
    this.#ended = false;
    this.#id ??= await explorationName();
    this.#keep();
    const url = new URL('exploration', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = new URLSearchParams({ token: this.token, exploration: this.#id }).toString();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return this.handlers.frame(data);
      const message = JSON.parse(data);
      if (message.type === 'hello') {
        this.#wait = SHORTEST;
        this.#id = message.exploration ?? this.#id;
        this.#keep();
        this.handlers.state('open');
      }
      this.handlers.message(message);
    };
    socket.onclose = ({ reason }) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      this.#queued.clear();
      if (this.#ended) return this.handlers.state('ended');
      this.handlers.state('lost', reason);
      setTimeout(() => this.#ended || this.open(), this.#wait);
      this.#wait = Math.min(LONGEST, 2 * this.#wait);
    };
  }

  /** After `bye`: no further attempts until `open`. */
  end() {
    this.#ended = true;
    this.#wait = SHORTEST;
    if (this.#socket) this.#socket.close();
    else this.handlers.state('ended');
  }

  #keep() {
    try {
      sessionStorage.setItem(KEY, this.#id);
    } catch { /* then a reload starts a new exploration */ }
  }

  /** Sends a command now; those that wait go first, so that the order stays. */
  send(command, at = performance.now()) {
    this.flush();
    this.#send(command, at);
  }

  /** Sends the newest of the commands with this key at the next animation frame. */
  sendSoon(key, command) {
    this.#queued.delete(key); // the newest goes last
    this.#queued.set(key, { command, at: performance.now() });
  }

  flush() {
    for (const { command, at } of this.#queued.values()) this.#send(command, at);
    this.#queued.clear();
  }

  #send(command, at) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#socket.send(JSON.stringify(command));
    this.handlers.sent(command, at);
  }
}
