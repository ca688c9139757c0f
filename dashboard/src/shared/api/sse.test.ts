import { describe, expect, it } from "vitest";
import { retryDelay, type SseMessage, sseParser } from "./sse";

function parse(...chunks: string[]): SseMessage[] {
  const messages: SseMessage[] = [];
  const feed = sseParser((message) => messages.push(message));
  for (const chunk of chunks) feed(chunk);
  return messages;
}

describe("the event stream parser", () => {
  it("reads a topic and its data", () => {
    expect(parse('event: alert\ndata: {"id":"1"}\n\n')).toEqual([{ event: "alert", data: '{"id":"1"}', id: null }]);
  });
  it("does not care where the network cuts the text", () => {
    const text = "event: probe\r\ndata: one\r\ndata: two\r\n\r\nevent: x\ndata: y\n\n";
    for (let cut = 1; cut < text.length; cut += 1) {
      expect(parse(text.slice(0, cut), text.slice(cut)).map((message) => message.data)).toEqual(["one\ntwo", "y"]);
    }
  });
  it("ignores comments and messages without data", () => expect(parse(": hello\n\nevent: nothing\n\n")).toEqual([]));
});

describe("the delay before reconnecting", () => {
  it("grows, is spread, and never passes its limit", () => {
    expect(retryDelay(0, 0.5)).toBe(500);
    expect(retryDelay(2, 0.5)).toBe(2000);
    expect(retryDelay(3, 0)).toBeLessThan(retryDelay(3, 1));
    expect(retryDelay(30, 1)).toBeLessThanOrEqual(18_750);
  });
});
