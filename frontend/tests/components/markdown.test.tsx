import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import Markdown, { safeHref } from "@/components/todos/markdown";

test("Markdown becomes elements", () => {
  render(
    <Markdown
      text={"**Bold** and *soft* `code`\n\n- one\n- [x] two\n\n1. first\n\n> said\n\n[site](https://example.com)"}
    />,
  );
  expect(screen.getByText("Bold").tagName).toBe("STRONG");
  expect(screen.getByText("code").tagName).toBe("CODE");
  expect(screen.getAllByRole("listitem").map((item) => item.textContent?.trim())).toEqual(["one", "☑ two", "first"]);
  expect(screen.getByRole("link", { name: "site" })).toHaveAttribute("rel", "noopener noreferrer nofollow");
});

test("HTML stays text, and no address runs a script or loads from elsewhere", () => {
  const { container } = render(
    <Markdown
      text={
        '<img src=x onerror="alert(1)"> <script>alert(1)</script>\n\n[a](javascript:alert(1)) ![b](https://example.com/x.png) [c](data:text/html,x) <b>d</b>'
      }
    />,
  );
  expect(container.querySelectorAll("img, script, b")).toHaveLength(0);
  expect(container.textContent).toContain('onerror="alert(1)"');
  expect(screen.getAllByRole("link").map((link) => link.getAttribute("href"))).toEqual(["https://example.com/x.png"]);
});

test.each([
  "javascript:alert(1)",
  " JAVASCRIPT:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "//evil.example",
  "/api/v1/auth/logout",
])("%s is no link", (href) => {
  expect(safeHref(href)).toBeNull();
});
