/** The theme. */
"use client";

import { useState } from "react";
import { applyTheme, currentTheme, type Theme } from "@/components/app/theme";

const THEMES: [Theme, string][] = [
  ["system", "As the system"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function Appearance() {
  const [theme, setTheme] = useState<Theme>(currentTheme);
  return (
    <fieldset>
      <legend className="mb-2 text-sm">Theme</legend>
      <div className="flex flex-wrap gap-2">
        {THEMES.map(([value, name]) => (
          <label
            key={value}
            className="flex items-center gap-2 rounded-md border border-line px-3 py-2 text-sm hover:bg-hover has-checked:border-accent has-checked:bg-picked"
          >
            <input
              type="radio"
              name="theme"
              className="accent-accent"
              checked={theme === value}
              onChange={() => {
                applyTheme(value);
                setTheme(value);
              }}
            />
            {name}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
