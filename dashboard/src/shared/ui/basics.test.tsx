// @vitest-environment jsdom
import { MantineProvider } from "@mantine/core";
import { render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { describe, expect, it } from "vitest";
import { ApiError } from "@/shared/api/client";
import { BudgetBar, ErrorNote, SourceRef } from "./basics";
import { StateLabel } from "./StateMark";
import { StateStrip } from "./StateStrip";

const show = (children: ReactNode) => render(<MantineProvider>{children}</MantineProvider>);

describe("what is drawn is also said", () => {
  it("for a budget, overspent in plain words", () => {
    const { container } = show(<BudgetBar remaining={-0.12} />);
    expect(container.textContent).toContain("error budget overspent by 12");
  });
  it("for a budget that burns, however much of it is left", () => {
    const { container } = show(<BudgetBar remaining={0.98} state="at-risk" />);
    expect(container.querySelector("[data-tone=warn]")).not.toBeNull();
    expect(container.textContent).toMatch(/98.% of the error budget left, at risk/);
  });
  it("for a budget without data, which is not an empty one", () => {
    const { container } = show(<BudgetBar remaining={null} />);
    expect(container.textContent).toContain("no data yet");
  });
  it("for a strip", () => {
    show(<StateStrip slots={["up", "down"]} seconds={86_400} />);
    expect(screen.getByRole("img").getAttribute("aria-label")).toMatch(/down about 12/);
  });
  it("for a state, beside its shape", () => {
    const { container } = show(<StateLabel state="unknown" />);
    expect(container.textContent).toContain("not measured");
  });
});

describe("where a fact comes from", () => {
  it("is broken before the name of the file, never inside its line", () => {
    const source = { kind: "registry", file: "/etc/fleet/service_registry.json", line: 39, version: null } as const;
    const { container } = show(<SourceRef source={source} />);
    expect(container.querySelector("code")?.textContent).toBe("/etc/fleet/service_registry.json:39");
    expect(container.querySelector("code > span")?.textContent).toBe("service_registry.json:39");
  });
});

describe("an error", () => {
  const problem = {
    title: "The database does not answer",
    status: 503,
    code: "database-unavailable",
    detail: "Look at the disk, then try again.",
    request_id: "req-7",
    errors: [{ field: "name", message: "is taken" }],
  };
  it("says what happened, to what, what to do next, and the request id", () => {
    show(<ErrorNote error={new ApiError(problem)} what="load the fleet" />);
    const text = screen.getByRole("alert").textContent ?? "";
    for (const part of ["load the fleet", problem.detail, "req-7", "name", "is taken"]) {
      expect(text).toContain(part);
    }
  });
});
