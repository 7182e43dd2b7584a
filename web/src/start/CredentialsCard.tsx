import type { Credentials } from "../lib/demo";
import { CopyButton } from "../ui/CopyButton";

/** The order and words of the keys of `credentials --json`; a key that is not here comes last under its own name. */
const labels: Record<string, string> = {
  base_url: "Base URL",
  account_sid: "Account SID",
  auth_token: "Auth token",
  api_key_sid: "API key SID",
  api_key_secret: "API key secret",
  chat_service_sid: "Chat service SID",
  flex_flow_sid: "Flex flow SID (custom)",
  web_flow_sid: "Flex flow SID (web)",
  proxy_service_sid: "Proxy service SID",
  workspace_sid: "Workspace SID",
  workflow_sid: "Workflow SID",
  task_queue_sid: "Task queue SID",
  worker_sid: "Worker SID",
  worker_name: "Worker name",
};

interface Props {
  credentials: Credentials | null;
  problem: string | null;
  demo: boolean;
}

export function CredentialsCard({ credentials, problem, demo }: Props) {
  return (
    <section id="credentials" aria-labelledby="credentials-title">
      <h2 id="credentials-title">Credentials</h2>
      {demo ? (
        <>
          <p className="lead">
            Shown because the server runs in demo mode. Anyone who can open this page can read them, so use
            demo mode on your own machine only.
          </p>
          {problem && (
            <p className="notice" role="alert">
              The credentials could not be loaded. {problem}
            </p>
          )}
          {credentials && <Table credentials={credentials} />}
        </>
      ) : (
        <div className="lead">
          <p>
            This server does not run in demo mode, so they are not shown here. Ask for them on its own
            machine:
          </p>
          <p>
            <code>bin/parley credentials --data ./data --json</code>
          </p>
        </div>
      )}
    </section>
  );
}

function Table({ credentials }: { credentials: Credentials }) {
  const keys = [
    ...Object.keys(labels).filter((key) => credentials[key]),
    ...Object.keys(credentials).filter((key) => !labels[key]),
  ];
  return (
    <div className="card credentials">
      <dl>
        {keys.map((key) => (
          <div key={key}>
            <dt>{labels[key] ?? key}</dt>
            <dd>
              <code data-key={key}>{String(credentials[key])}</code>
              <CopyButton compact text={String(credentials[key])} label={labels[key] ?? key} />
            </dd>
          </div>
        ))}
      </dl>
      <p className="actions">
        <CopyButton
          text={JSON.stringify(credentials, null, 2)}
          label="all as JSON"
          words="Copy all as JSON"
        />
      </p>
    </div>
  );
}
