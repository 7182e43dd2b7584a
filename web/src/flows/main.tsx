import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { SignIn } from "../lib/signin";
import { Shell } from "../ui/Shell";
import { restApi } from "./api";
import { FlowsPage } from "./FlowsPage";
import "../ui/base.css";
import "./flows.css";
import "./graph/graph.css";

const signIn = new SignIn(document.documentElement.dataset.account ?? "");
const api = restApi(
  () => signIn.token(),
  () => signIn.forget(),
);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Shell here="flows">
        <FlowsPage signIn={signIn} api={api} />
      </Shell>
    </StrictMode>,
  );
}
