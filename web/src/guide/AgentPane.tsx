import type { ChatSession } from "../chat/session";
import { useSession } from "../chat/useSession";
import { initial } from "../lib/text";
import { Conversation } from "./Conversation";
import { Pane, type PaneProps } from "./Pane";

export function AgentPane({ guide, state, visible, live, ...frame }: PaneProps) {
  return (
    <Pane side="agent" label="Agent's side" visible={visible} {...frame}>
      {state.agent ? (
        <Conversation
          key={state.agent.identity + state.channelSid}
          session={state.agent}
          title={{ alone: state.name ?? "", role: "Agent’s side" }}
          placeholder="Write to the customer"
          visible={visible}
          live={live}
        />
      ) : state.customer ? (
        <Incoming name={state.name ?? ""} customer={state.customer} onAnswer={() => guide.answer()} />
      ) : (
        <div className="welcome idle">
          <span className="avatar large" aria-hidden="true">
            A
          </span>
          <h2>Agent’s side</h2>
          <p>No one is waiting. When the customer begins a conversation, it rings here.</p>
        </div>
      )}
    </Pane>
  );
}

function Incoming({
  name,
  customer,
  onAnswer,
}: {
  name: string;
  customer: ChatSession;
  onAnswer: () => void;
}) {
  const { phase } = useSession(customer);
  const ready = phase === "open";
  return (
    <div className="welcome incoming">
      <span className={ready ? "avatar large ringing" : "avatar large"} aria-hidden="true">
        {initial(name)}
      </span>
      <div role="status">
        <h2>{ready ? `${name} is waiting` : `${name} is connecting…`}</h2>
      </div>
      <p>Answer to sign in as the agent and join the conversation.</p>
      <button type="button" className="button primary" disabled={!ready} onClick={onAnswer}>
        Answer
      </button>
    </div>
  );
}
