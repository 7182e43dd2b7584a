import type { ReactNode } from "react";
import type { Side } from "./GuidePage";
import type { Guide, GuideSnapshot } from "./guide";

/** What both sides are given. */
export interface PaneProps {
  guide: Guide;
  state: GuideSnapshot;
  /** True where the pane is a tab's panel. */
  tab: boolean;
  visible: boolean;
  /** True where this side's log speaks to a screen reader. */
  live: boolean;
  /** True where the person was last at work. */
  engaged: boolean;
  onActive: () => void;
}

interface FrameProps {
  side: Side;
  label: string;
  tab: boolean;
  visible: boolean;
  onActive: () => void;
  children: ReactNode;
}

/** The frame of one side: a region beside the other, or the panel of a tab. */
export function Pane({ side, label, tab, visible, onActive, children }: FrameProps) {
  const named = tab ? { role: "tabpanel", "aria-labelledby": `tab-${side}` } : { "aria-label": label };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: notes where the focus is, and does nothing to it
    <section
      id={`side-${side}`}
      className={`pane card ${side}`}
      hidden={!visible}
      onFocus={onActive}
      {...named}
    >
      {children}
    </section>
  );
}
