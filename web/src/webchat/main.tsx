import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Shell } from "../ui/Shell";
import { WebchatPage } from "./WebchatPage";
import "../ui/base.css";
import "./webchat.css";

const { account = "", flow = "" } = document.documentElement.dataset;

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Shell here="webchat">
        <WebchatPage account={account} flow={flow} />
      </Shell>
    </StrictMode>,
  );
}

// The same script element that the page tells others to use.
const script = document.createElement("script");
script.src = "/webchat/parley-webchat.js";
script.dataset.account = account;
script.dataset.flow = flow;
document.head.append(script);
