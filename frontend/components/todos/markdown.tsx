/** Markdown as React elements. No HTML is ever made from a note, so there is none to sanitise; HTML in it is shown as text. */
"use client";

import { lexer, type Token, type Tokens } from "marked";
import { Fragment, type ReactNode, useMemo } from "react";

export default function Markdown({ text }: { text: string }) {
  const tokens = useMemo(() => lexer(text, { gfm: true, breaks: true }), [text]);
  return <div className="prose break-words">{blocks(tokens)}</div>;
}

/** Only addresses that open a page or a mail; anything else (javascript:, data:) stays text. */
export function safeHref(href: string): string | null {
  return /^(https?:|mailto:|tel:)/i.test(href.trim()) ? href.trim() : null;
}

const key = (token: Token, index: number) => `${index} ${token.type}`;

function blocks(tokens: Token[] = []): ReactNode {
  return tokens.map((token, index) => <Fragment key={key(token, index)}>{block(token)}</Fragment>);
}

function block(token: Token): ReactNode {
  switch (token.type) {
    case "heading":
      return <p className="font-semibold">{inline(token.tokens)}</p>;
    case "paragraph":
      return <p>{inline(token.tokens)}</p>;
    case "text":
      return token.tokens ? inline(token.tokens) : token.raw;
    case "code":
      return (
        <pre>
          <code>{token.text}</code>
        </pre>
      );
    case "blockquote":
      return <blockquote>{blocks(token.tokens)}</blockquote>;
    case "list":
      return list(token as Tokens.List);
    case "table":
      return <pre>{token.raw.trim()}</pre>;
    case "hr":
      return <hr className="border-line" />;
    case "space":
    case "def":
      return null;
    default:
      return <p>{token.raw}</p>;
  }
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const children = items.map((item, index) => (
    <li key={key(item, index)}>
      {item.task && (
        <span role="img" aria-label={item.checked ? "Done: " : "Open: "}>
          {item.checked ? "☑ " : "☐ "}
        </span>
      )}
      {blocks(item.tokens.filter((one) => one.type !== "checkbox"))}
    </li>
  ));
  return ordered ? <ol start={start || 1}>{children}</ol> : <ul>{children}</ul>;
}

function inline(tokens: Token[] = []): ReactNode {
  return tokens.map((token, index) => <Fragment key={key(token, index)}>{span(token)}</Fragment>);
}

function span(token: Token): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong className="font-semibold">{inline(token.tokens)}</strong>;
    case "em":
      return <em>{inline(token.tokens)}</em>;
    case "del":
      return <del>{inline(token.tokens)}</del>;
    case "codespan":
      return <code>{token.text}</code>;
    case "br":
      return <br />;
    case "link":
    case "image": {
      const href = safeHref(token.href);
      const text = token.tokens?.length ? inline(token.tokens) : token.text || token.href;
      return href ? (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {text}
        </a>
      ) : (
        text
      );
    }
    case "escape":
      return token.text;
    case "text":
      return token.tokens ? inline(token.tokens) : unescaped(token.text);
    default:
      return token.raw;
  }
}

/** marked leaves entities in texts as they were written. */
function unescaped(text: string): string {
  const names: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => names[entity] ?? entity);
}
