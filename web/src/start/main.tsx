import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Shell } from "../ui/Shell";
import { StartPage } from "./StartPage";
import "../ui/base.css";
import "./start.css";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Shell here="start">
        <StartPage />
      </Shell>
    </StrictMode>,
  );
}
