import { createRoot } from "react-dom/client";
import { FlowsPage } from "../src/flows/FlowsPage";
import { Shell } from "../src/ui/Shell";
import { FakeStudio } from "../test/fakeStudio";
import "../src/ui/base.css";
import "../src/flows/flows.css";
import "../src/flows/graph/graph.css";

const studio = new FakeStudio();
const person = { token: "", identity: "supervisor", expiration: "", roles: ["supervisor"] };
const signIn = {
  getSnapshot: () => person,
  subscribe: () => () => {},
  begin: async () => {},
  end: async () => {},
  forget: () => {},
};

// For the console: fake.step(…), fake.failures.push(new Error("no")), …
Object.assign(window, { fake: studio });

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <Shell here="flows">
      <FlowsPage signIn={signIn} api={studio.api} />
    </Shell>,
  );
}
