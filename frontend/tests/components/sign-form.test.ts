import { expect, test } from "vitest";
import { safeNext } from "@/components/pages/sign-form";

test.each([
  ["/upcoming?view=x", "/upcoming?view=x"],
  [null, "/today"],
  ["//evil.example", "/today"],
  ["/\\evil.example", "/today"],
  ["https://evil.example", "/today"],
  ["javascript:alert(1)", "/today"],
])("after signing in, %j leads to %s", (next, path) => {
  expect(safeNext(next)).toBe(path);
});
