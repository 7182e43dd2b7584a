import { useEffect, useState } from "react";
import { Icon } from "./Icon";

interface Props {
  text: string;
  label: string;
  /** True for the icon alone. */
  compact?: boolean;
  /** What the button says before it is pressed. */
  words?: string;
}

/** Copies a text and says so. `label` names what is copied. */
export function CopyButton({ text, label, compact, words = "Copy" }: Props) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");

  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), 2_000);
    return () => clearTimeout(timer);
  }, [state]);

  const said = state === "copied" ? "Copied" : state === "failed" ? "Select and copy by hand" : words;
  return (
    <button
      type="button"
      className={compact ? "copy compact" : "copy"}
      aria-label={said === words && words !== "Copy" ? words : `${said}: ${label}`}
      title={`${said}: ${label}`}
      onClick={() => copy(text).then((done) => setState(done ? "copied" : "failed"))}
    >
      <Icon name={state === "copied" ? "check" : "copy"} size={16} />
      {!compact && <span>{said}</span>}
      <span className="sr-only" role="status">
        {state === "idle" ? "" : said}
      </span>
    </button>
  );
}

async function copy(text: string): Promise<boolean> {
  // The clipboard interface is missing on plain http from another machine.
  if (navigator.clipboard) {
    const done = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    if (done) return true;
  }
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr-only";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
