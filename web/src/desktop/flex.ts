// The parts of Flex UI that Parley's own code uses, as its published types have them.

import type { ComponentClass } from "react";

export interface FlexTask {
  sid: string; // of the reservation
  taskSid: string;
  status: string; // of the reservation
  taskStatus: string;
  /** The reservation of the worker SDK; its timeout is in seconds. */
  sourceObject: { timeout?: number; dateCreated?: Date };
  /** The task of the worker SDK. */
  source: {
    transfers: { outgoing?: FlexTransfer | null };
    on(event: "transferInitiated", listener: (outgoing: FlexTransfer) => void): void;
    removeListener(event: "transferInitiated", listener: (outgoing: FlexTransfer) => void): void;
    transfer(targetSid: string, options?: { mode?: string }): Promise<unknown>;
  };
}

export interface FlexTransfer {
  status: string;
  on(event: "completed" | "failed" | "canceled", listener: () => void): void;
  cancel(): Promise<unknown>;
}

export interface TaskProps {
  task?: FlexTask;
}

interface ButtonProps {
  roundCorners?: boolean;
  className?: string;
  onClick(): void;
  children?: string;
}

interface Extensible {
  Content: {
    add(element: unknown, options?: { sortOrder?: number; if?: (props: TaskProps) => boolean }): void;
  };
}

interface TaskChannel {
  name: string;
  sounds?: { Pending?: { url: string; repeatable: boolean } };
}

export interface FlexManager {
  strings: Record<string, string>;
  user: { token: string };
}

export interface TransferPayload {
  task: FlexTask;
  targetSid: string;
  options?: { mode?: string };
}

export interface FlexUI {
  runDefault(config: object, container: string): Promise<unknown>;
  Manager: { getInstance(): FlexManager | undefined };
  Plugins: { init(plugin: new () => { init(flex: FlexUI, manager: FlexManager): void }): void };
  Actions: {
    invokeAction(name: string, payload?: object): Promise<unknown>;
    addListener(event: string, listener: () => void): void;
    replaceAction(
      name: string,
      action: (
        payload: TransferPayload,
        original: (payload: TransferPayload) => Promise<unknown>,
      ) => Promise<unknown>,
    ): void;
  };
  /** What is known of a chat. */
  ChatChannelHelper: { prototype: object };
  ChatOrchestrator: { setOrchestrations(event: string, orchestrations: (task: FlexTask) => string[]): void };
  DefaultTaskChannels: Record<string, unknown>;
  TaskChannels: { getRegistered(): TaskChannel[] };
  TaskHelper: { isChatBasedTask(task: FlexTask): boolean };
  Notifications: {
    registerNotification(notification: { id: string; content: string; type: string; timeout?: number }): void;
    showNotification(id: string, context?: object): void;
  };
  NotificationType: { success: string; information: string; warning: string; error: string };
  TaskCanvasHeader: Extensible;
  IncomingTaskCanvas: Extensible;
  TaskListButtons: Extensible;
  MainHeader: { defaultProps: { logoUrl?: string } };
  Button: ComponentClass<ButtonProps>;
}

declare global {
  interface Window {
    /** Made by the bundles. */
    Twilio?: { Flex?: FlexUI; FlexWebChat?: unknown };
    React?: typeof import("react");
  }
}
