import type { ReactNode } from "react";
import { Logo } from "./Logo";

interface ShellProps {
  here: "start" | "guide" | "webchat" | "flows";
  children: ReactNode;
}

/** The frame of every page: skip link, header, main, footer. */
export function Shell({ here, children }: ShellProps) {
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <header className="top">
        <a className="brand" href="/" aria-current={here === "start" ? "page" : undefined}>
          <Logo />
          <span className="brand-name">Parley</span>
        </a>
        <nav aria-label="Pages">
          <a href="/" aria-current={here === "start" ? "page" : undefined}>
            Start
          </a>
          <a href="/guide/" aria-current={here === "guide" ? "page" : undefined}>
            Guide
          </a>
          <a href="/webchat/" aria-current={here === "webchat" ? "page" : undefined}>
            Widget
          </a>
          <a href="/flows/" aria-current={here === "flows" ? "page" : undefined}>
            Flows
          </a>
          <a href="/desktop/">Desktop</a>
        </nav>
      </header>
      <main id="main" tabIndex={-1} className={here}>
        {children}
      </main>
      <footer className="bottom">
        <p>
          Parley is independent software. It is not affiliated with, endorsed or supported by Twilio; product
          names appear only to say what it is compatible with.
        </p>
      </footer>
    </>
  );
}
