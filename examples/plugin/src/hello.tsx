// A plugin is a classic script: Flex UI adds it to the page, and it registers a class. React and Flex are globals of the page, so there
// is nothing to bundle.

/** What this plugin uses of Flex UI 1.x; @twilio/flex-ui brings the types of all of it. */
interface Flex {
  Plugins: { init(plugin: new () => FlexPlugin): void };
  MainHeader: { Content: { add(element: JSX.Element, options?: { sortOrder?: number; align?: "start" | "end" }): void } };
  Actions: { addListener(event: string, listener: (payload: { task?: { attributes: { name?: string } } }) => void): void };
  Notifications: {
    registerNotification(notification: { id: string; content: string; type: string; timeout?: number }): void;
    showNotification(id: string, context?: object): void;
  };
}

interface Manager {
  strings: Record<string, string>;
  workerClient: { name: string };
}

interface FlexPlugin {
  init(flex: Flex, manager: Manager): void;
}

interface Window {
  Twilio: { Flex: Flex };
}

class HelloPlugin implements FlexPlugin {
  init(flex: Flex, manager: Manager) {
    const greeting = (
      <span key="hello" style={{ alignSelf: "center", padding: "0 1rem" }}>
        Hello, {manager.workerClient.name}!
      </span>
    );
    flex.MainHeader.Content.add(greeting, { sortOrder: -1, align: "end" });

    manager.strings.HelloAccepted = "You are talking to {{name}} now.";
    flex.Notifications.registerNotification({ id: "HelloAccepted", content: "HelloAccepted", type: "success", timeout: 4000 });
    flex.Actions.addListener("afterAcceptTask", ({ task }) =>
      flex.Notifications.showNotification("HelloAccepted", { name: task?.attributes.name ?? "somebody" }),
    );
  }
}

window.Twilio.Flex.Plugins.init(HelloPlugin);
