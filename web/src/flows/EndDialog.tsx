import { useEffect, useRef, useState } from "react";
import { useApi } from "./useApi";

interface Props {
  flow: string;
  sid: string;
  /** Whose conversation it is. */
  who: string;
  /** Told when the dialog is over, and whether the execution was ended. */
  onClose: (done: boolean) => void;
}

/** Asks whether an execution is really to end. */
export function EndDialog({ flow, sid, who, onClose }: Props) {
  const api = useApi();
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close(); // which gives the focus back
  }, []);

  const end = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await api.end(flow, sid);
      onClose(true);
    } catch (error) {
      setBusy(false);
      setProblem((error as Error).message);
    }
  };

  return (
    <dialog ref={dialog} className="ask card" aria-labelledby="ask-title" onCancel={() => onClose(false)}>
      <h2 id="ask-title">End this execution?</h2>
      <p>
        The flow stops where it is{who && <> for {who}</>}, without another word to the customer. What the
        customer writes next begins the flow anew.
      </p>
      {problem && (
        <p className="notice" role="alert">
          It could not be ended. {problem}
        </p>
      )}
      <p className="actions">
        <button type="button" className="button danger" disabled={busy} onClick={() => void end()}>
          {busy ? "Ending …" : "End it"}
        </button>
        <button type="button" className="button" onClick={() => onClose(false)}>
          Keep it running
        </button>
      </p>
    </dialog>
  );
}
