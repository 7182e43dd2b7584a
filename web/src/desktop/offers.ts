// What the hosted desktop left to plugins and an incoming task needs: a sound, and how long there is to answer it.

import type { FlexTask, FlexUI, TaskProps } from "./flex";

const TICK_MS = 250;

/** Gives every kind of task the sound, and shows a countdown on tasks that are offered. */
export function announceOffers(flex: FlexUI, react: typeof import("react"), base: string): void {
  const Pending = { url: `${base}/desktop/incoming.wav`, repeatable: true };
  for (const channel of flex.TaskChannels.getRegistered()) channel.sounds ??= { Pending };

  // The bundle's React is 16.5, which has no hooks.
  class Countdown extends react.Component<TaskProps> {
    #timer?: ReturnType<typeof setInterval>;

    override componentDidMount() {
      this.#timer = setInterval(() => this.forceUpdate(), TICK_MS);
    }

    override componentWillUnmount() {
      clearInterval(this.#timer);
    }

    override render() {
      const left = this.props.task && secondsLeft(this.props.task, Date.now());
      if (left === undefined) return null;
      // No live region: a screen reader would speak of nothing else.
      return react.createElement("div", { className: "Parley-Countdown", role: "timer" }, `${left} s`);
    }
  }
  const offered = ({ task }: TaskProps) => task?.status === "pending";
  for (const place of [flex.TaskListButtons, flex.IncomingTaskCanvas])
    place.Content.add(react.createElement(Countdown, { key: "parley-countdown" }), {
      sortOrder: -1,
      if: offered,
    });
}

/** Whole seconds until an offer ends, counted by this machine's clock; undefined where none is known. */
export function secondsLeft(task: FlexTask, now: number): number | undefined {
  const { timeout, dateCreated } = task.sourceObject;
  if (!timeout || !dateCreated) return undefined;
  return Math.max(0, Math.ceil((dateCreated.getTime() + timeout * 1000 - now) / 1000));
}
