import { CopyButton } from "./CopyButton";

/** A titled block of code with a copy button. */
export function Snippet({ title, note, code }: { title: string; note?: string; code: string }) {
  return (
    <figure className="snippet">
      <figcaption>
        <span>
          <strong>{title}</strong>
          {note && <small>{note}</small>}
        </span>
        <CopyButton text={code} label={title} />
      </figcaption>
      {/* Long lines scroll; the keyboard must reach them too. */}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable region has to take focus (WCAG 2.1.1) */}
      <section tabIndex={0} aria-label={title}>
        <pre>
          <code>{code}</code>
        </pre>
      </section>
    </figure>
  );
}
