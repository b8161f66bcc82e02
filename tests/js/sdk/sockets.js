import { eventFrame, readFrame } from "../../../static/sdk/core/codec.js";

/**
 * A WebSocket whose other end is the test. `answers` maps an event name to its reply (or a function of the request
 * that gives one), or to null for silence.
 */
export class FakeSocket extends EventTarget {
  frames = [];
  closed = false;

  constructor(answers) {
    super();
    this.answers = answers;
  }

  hello() {
    this.receive('0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":60000}');
    this.receive("40");
  }

  receive(frame) {
    this.dispatchEvent(new MessageEvent("message", { data: frame }));
  }

  push(name, data) {
    this.receive(eventFrame(name, data));
  }

  send(frame) {
    this.frames.push(frame);
    const packet = readFrame(frame);
    if (packet.kind !== "event") return;
    const { rid } = packet.data;
    this.push("ack", { rid });
    const reply = this.answers[packet.name];
    if (reply) this.push(packet.name, { code: 0, ...(typeof reply === "function" ? reply(packet.data) : reply), rid });
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.dispatchEvent(new Event("close"));
  }

  events(name) {
    const events = this.frames.map(readFrame).filter(({ kind }) => kind === "event");
    return name ? events.filter((event) => event.name === name) : events;
  }
}

export async function settle() {
  for (let i = 0; i < 40; i += 1) await Promise.resolve();
}
