import { describe, expect, it } from "vitest";

import { Client, nextLink, Problem } from "./client";

type Answer = { body: unknown; status?: number; link?: string };

function server(answers: Record<string, Answer>): { client: Client; asked: [string, RequestInit | undefined][] } {
  const asked: [string, RequestInit | undefined][] = [];
  const fetch = (address: string, init?: RequestInit): Promise<Response> => {
    asked.push([address, init]);
    const answer = answers[address];
    if (!answer) return Promise.reject(new TypeError(`nothing at ${address}`));
    const headers: Record<string, string> = answer.link ? { Link: answer.link } : {};
    return Promise.resolve(new Response(JSON.stringify(answer.body), { status: answer.status ?? 200, headers }));
  };
  return { client: new Client(() => "zh", fetch), asked };
}

describe("the client", () => {
  it("follows the link to the next page until there is none", async () => {
    const first = "/api/v1/cities/x/neighbourhoods?sort=gap_index&order=desc&limit=1000";
    const { client } = server({
      [first]: { body: { items: [{ id: "a" }] }, link: '</api/v1/more?cursor=2>; rel="next"' },
      "/api/v1/more?cursor=2": { body: { items: [{ id: "b" }] } },
    });
    const seen: number[] = [];
    const rows = await client.ranking("x", (page) => seen.push(page.length));
    expect(rows.map(({ id }) => id)).toEqual(["a", "b"]);
    expect(seen).toEqual([1, 2]);
  });

  it("turns an answer that is no success into a problem with the server's words", async () => {
    const body = { type: "/problems/not-found", title: "找不到", status: 404, detail: "没有城市 x。", code: "not-found", errors: [] };
    const { client } = server({ "/api/v1/cities/x": { body, status: 404 } });
    const problem = await client.city("x").catch((reason: unknown) => reason);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status: 404, code: "not-found", title: "找不到", detail: "没有城市 x。" });
  });

  it("says so when the server does not answer, and when it answers no JSON", async () => {
    await expect(server({}).client.cities()).rejects.toMatchObject({ code: "offline", status: 0 });
    const broken = new Client(
      () => "en",
      () => Promise.resolve(new Response("<html>", { status: 502, statusText: "Bad Gateway" })),
    );
    await expect(broken.cities()).rejects.toMatchObject({ status: 502, title: "Bad Gateway" });
  });

  it("asks in the reader's language and escapes ids", async () => {
    const { client, asked } = server({ "/api/v1/cities/%E5%9F%8E%2F1/neighbourhoods/a%3Fb": { body: {} } });
    await client.sheet("城/1", "a?b");
    expect(asked[0]?.[1]?.headers).toMatchObject({ "Accept-Language": "zh-CN, en;q=0.5" });
  });

  it("takes no configuration for none", async () => {
    expect(await server({}).client.config()).toEqual({ basemap: null });
  });
});

describe("a Link header", () => {
  it("gives the next page among others", () => {
    expect(nextLink('</a?x=1,2>; rel="prev", </b?cursor=c,d>; rel="next"')).toBe("/b?cursor=c,d");
    expect(nextLink('</a>; rel="last"')).toBeNull();
    expect(nextLink(null)).toBeNull();
  });
});
