package config

import (
	"cmp"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Config is every setting of `parley serve`. The commands that only need the store embed Storage instead.
type Config struct {
	Storage
	Network
	Limits
	Webhooks
	Studio
	Transports
	Push
	Relays
	Media
	Logging
	Account
	Desktop
	SignIn
	Widget

	Demo bool `name:"demo" env:"PARLEY_DEMO" help:"Turn on the demo token endpoint, the one-click sign-in and the credentials on the start page. Never on a public server."`
}

// Storage says where the truth is kept.
type Storage struct {
	Data        string `name:"data" env:"PARLEY_DATA" default:"./data" placeholder:"DIR" help:"Folder of the embedded store and of media files. Made if it is absent."`
	DatabaseURL DSN    `name:"database-url" env:"PARLEY_DATABASE_URL" placeholder:"URL" help:"PostgreSQL to use instead of the embedded store, as postgres://user:password@host/database."`
}

// Network says where clients find the server and how nodes find each other.
type Network struct {
	Listen         string        `name:"listen" env:"PARLEY_LISTEN" default:"localhost:8080" placeholder:"ADDR" help:"Address for plain HTTP. Use 0.0.0.0:8080 to be reached from other machines."`
	PublicURL      string        `name:"public-url" env:"PARLEY_PUBLIC_URL" placeholder:"URL" help:"Address under which clients reach this server, as https://chat.example.com, where it differs from what requests say."`
	TLSListen      string        `name:"tls-listen" env:"PARLEY_TLS_LISTEN" placeholder:"ADDR" help:"Address for HTTPS, beside the plain one. Needs tls-cert and tls-key."`
	TLSCert        string        `name:"tls-cert" env:"PARLEY_TLS_CERT" placeholder:"FILE" help:"Certificate chain in PEM."`
	TLSKey         string        `name:"tls-key" env:"PARLEY_TLS_KEY" placeholder:"FILE" help:"Private key of tls-cert in PEM."`
	TrustedProxies []string      `name:"trusted-proxies" env:"PARLEY_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Reverse proxies whose X-Forwarded-For, -Proto and -Host headers are believed. From anybody else they are ignored."`
	NATSURL        DSN           `name:"nats-url" env:"PARLEY_NATS_URL" placeholder:"URL" help:"NATS that carries events between several nodes over one PostgreSQL, as nats://host:4222. Not needed for a single node."`
	DrainTimeout   time.Duration `name:"drain-timeout" env:"PARLEY_DRAIN_TIMEOUT" default:"10s" help:"How long a stopping server gives open requests, sockets and jobs to end."`
}

// Limits bounds what clients can make the server hold or do.
type Limits struct {
	QueueBytes     ByteSize `name:"queue-bytes" env:"PARLEY_QUEUE_BYTES" default:"1MiB" placeholder:"SIZE" help:"Bytes that may wait for one socket. A slower client is closed and catches up when it comes back."`
	MaxFrameBytes  ByteSize `name:"max-frame-bytes" env:"PARLEY_MAX_FRAME_BYTES" default:"1MiB" placeholder:"SIZE" help:"Largest socket frame taken from a client."`
	MaxConnections int      `name:"max-connections" env:"PARLEY_MAX_CONNECTIONS" default:"50000" placeholder:"N" help:"Sockets open at once. More are refused with 503."`
	FrameRate      int      `name:"frame-rate" env:"PARLEY_FRAME_RATE" default:"1000" placeholder:"N" help:"Frames per second that one socket may send for long; 0 means no limit."`
	FrameBurst     int      `name:"frame-burst" env:"PARLEY_FRAME_BURST" default:"2000" placeholder:"N" help:"Frames that one socket may send at once before frame-rate holds."`
	KeyRate        int      `name:"key-rate" env:"PARLEY_KEY_RATE" default:"5000" placeholder:"N" help:"Requests per second that one API key, or the auth token, may make for long; ten times as many at once. More are answered with 429. 0 means no limit."`
	IdentityRate   int      `name:"identity-rate" env:"PARLEY_IDENTITY_RATE" default:"1000" placeholder:"N" help:"Requests per second that one user may make for long with access tokens, through all sockets and by HTTP; ten times as many at once. 0 means no limit."`
	ConnectRate    int      `name:"connect-rate" env:"PARLEY_CONNECT_RATE" default:"0" placeholder:"N" help:"New sockets per second from one client address; 0 means no limit. Mind that a whole office may share one address."`
}

// Webhooks says which receivers outgoing calls may reach.
type Webhooks struct {
	WebhookAllowPrivate bool          `name:"webhook-allow-private" env:"PARLEY_WEBHOOK_ALLOW_PRIVATE" help:"Let outgoing calls reach loopback and private addresses, for trials on one machine. Link-local and metadata addresses stay closed."`
	WebhookAllowHosts   []string      `name:"webhook-allow-hosts" env:"PARLEY_WEBHOOK_ALLOW_HOSTS" placeholder:"HOST,..." help:"Host names, addresses or CIDR ranges that outgoing calls may reach although they are private. Only an address or range opens link-local ones."`
	WebhookRetention    time.Duration `name:"webhook-retention" env:"PARLEY_WEBHOOK_RETENTION" default:"168h" help:"How long failed webhook calls are kept, to be looked at and replayed. What a replay needs holds what people wrote."`
}

// Studio bounds what flows may do (taskrouter-studio B.5), and says how long is kept what they did.
type Studio struct {
	StudioRetention      time.Duration `name:"studio-retention" env:"PARLEY_STUDIO_RETENTION" default:"720h" help:"How long executions that ended can be read. They hold what people wrote."`
	StudioLifetime       time.Duration `name:"studio-lifetime" env:"PARLEY_STUDIO_LIFETIME" default:"720h" help:"How long an execution may live; at most 30 days."`
	StudioReplyTimeout   time.Duration `name:"studio-reply-timeout" env:"PARLEY_STUDIO_REPLY_TIMEOUT" default:"1h" help:"How long a flow waits for a reply where it does not say."`
	StudioHTTPTimeout    time.Duration `name:"studio-http-timeout" env:"PARLEY_STUDIO_HTTP_TIMEOUT" default:"10s" help:"How long a request of a flow may take."`
	StudioHTTPBytes      ByteSize      `name:"studio-http-bytes" env:"PARLEY_STUDIO_HTTP_BYTES" default:"64KiB" placeholder:"SIZE" help:"Largest answer that a flow takes; at most 64KiB."`
	StudioMaxSteps       int           `name:"studio-max-steps" env:"PARLEY_STUDIO_MAX_STEPS" default:"1000" placeholder:"N" help:"Steps of one execution, those of subflows included (81000)."`
	StudioMaxRepeats     int           `name:"studio-max-repeats" env:"PARLEY_STUDIO_MAX_REPEATS" default:"10" placeholder:"N" help:"How often one widget may run without another between (81001)."`
	StudioMaxWidgets     int           `name:"studio-max-widgets" env:"PARLEY_STUDIO_MAX_WIDGETS" default:"2000" placeholder:"N" help:"Widgets of a flow with its subflows (81026); from three quarters on there is a warning (81025)."`
	StudioMaxSubflows    int           `name:"studio-max-subflows" env:"PARLEY_STUDIO_MAX_SUBFLOWS" default:"50" placeholder:"N" help:"Other flows that a flow may run (81024)."`
	StudioMaxLoops       int           `name:"studio-max-loops" env:"PARLEY_STUDIO_MAX_LOOPS" default:"15" placeholder:"N" help:"Rounds of one for of a template."`
	StudioTextBytes      ByteSize      `name:"studio-text-bytes" env:"PARLEY_STUDIO_TEXT_BYTES" default:"16KiB" placeholder:"SIZE" help:"Largest text that a template gives."`
	StudioContextBytes   ByteSize      `name:"studio-context-bytes" env:"PARLEY_STUDIO_CONTEXT_BYTES" default:"1MiB" placeholder:"SIZE" help:"How much one execution may remember."`
	StudioTaskAttributes int           `name:"studio-task-attributes" env:"PARLEY_STUDIO_TASK_ATTRIBUTES" default:"4096" placeholder:"N" help:"Characters of the attributes of a flow's tasks; at most 4096."`
	StudioTimeZone       string        `name:"studio-time-zone" env:"PARLEY_STUDIO_TIME_ZONE" default:"America/Los_Angeles" placeholder:"ZONE" help:"Time zone of dates in templates."`
}

// Transports says where messages for people outside are handed over (docs/proxy.md).
type Transports struct {
	TransportURL      DSN `name:"transport-url" env:"PARLEY_TRANSPORT_URL" placeholder:"URL" help:"Address that takes messages for people outside, for every kind of address that has no setting of its own. User and password in it become Basic authentication."`
	TransportSMS      DSN `name:"transport-sms" env:"PARLEY_TRANSPORT_SMS" placeholder:"URL" help:"The same for telephone numbers (+49…)."`
	TransportWhatsApp DSN `name:"transport-whatsapp" env:"PARLEY_TRANSPORT_WHATSAPP" placeholder:"URL" help:"The same for whatsapp:+49… addresses."`
	TransportFacebook DSN `name:"transport-facebook" env:"PARLEY_TRANSPORT_FACEBOOK" placeholder:"URL" help:"The same for messenger:… and facebook:… addresses."`
	TransportLine     DSN `name:"transport-line" env:"PARLEY_TRANSPORT_LINE" placeholder:"URL" help:"The same for line:… addresses."`
	TransportCustom   DSN `name:"transport-custom" env:"PARLEY_TRANSPORT_CUSTOM" placeholder:"URL" help:"The same for addresses of any other scheme."`
}

// Push says where the push services are.
type Push struct {
	FCMURL      string `name:"fcm-url" env:"PARLEY_FCM_URL" default:"https://fcm.googleapis.com" placeholder:"URL" help:"Base address of Firebase Cloud Messaging, for a relay or a test."`
	FCMTokenURL string `name:"fcm-token-url" env:"PARLEY_FCM_TOKEN_URL" default:"https://oauth2.googleapis.com/token" placeholder:"URL" help:"Address at which service accounts get access tokens for fcm-url."`
	APNsURL     string `name:"apns-url" env:"PARLEY_APNS_URL" placeholder:"URL" help:"Base address of the Apple Push Notification service, for a relay or a test. Left out, Apple's own: that for apps in development where a credential says sandbox."`
}

// Relays are for apps that call by WebRTC beside their chat: they ask POST Tokens.json for them.
type Relays struct {
	ICEServers []string `name:"ice-servers" env:"PARLEY_ICE_SERVERS" placeholder:"URL,..." help:"STUN and TURN servers that tokens name, as turn:relay.example.com:3478?transport=udp. Parley relays nothing itself."`
	TURNSecret Secret   `name:"turn-secret" env:"PARLEY_TURN_SECRET" placeholder:"SECRET" help:"Secret that the TURN servers share with this server, by which they check its tokens (coturn: use-auth-secret, static-auth-secret)."`
}

// Media bounds uploads and their links.
type Media struct {
	MediaMaxBytes ByteSize      `name:"media-max-bytes" env:"PARLEY_MEDIA_MAX_BYTES" default:"150MiB" placeholder:"SIZE" help:"Largest file that may be uploaded."`
	MediaURLTTL   time.Duration `name:"media-url-ttl" env:"PARLEY_MEDIA_URL_TTL" default:"5m" help:"How long a signed link to a file stays good."`
}

// Desktop says what the agents' desktop loads, and which pages of other sites may host it.
type Desktop struct {
	Plugins        []string `name:"plugins" env:"PARLEY_PLUGINS" placeholder:"URL,..." help:"Addresses of Flex plugin scripts that the desktop loads, in this order."`
	PluginsDir     string   `name:"plugins-dir" env:"PARLEY_PLUGINS_DIR" placeholder:"DIR" help:"Folder of Flex plugin scripts (*.js), served below /plugins/, that the desktop loads as well."`
	PluginOrigins  []string `name:"plugin-origins" env:"PARLEY_PLUGIN_ORIGINS" placeholder:"ORIGIN,..." help:"Other servers that plugins talk to or show, as https://crm.example.com. Where their scripts come from need not be named again."`
	TransferPlugin bool     `name:"transfer-plugin" env:"PARLEY_TRANSFER_PLUGIN" default:"true" negatable:"" help:"Load the plugin by which agents transfer chats."`
	FilesPlugin    bool     `name:"files-plugin" env:"PARLEY_FILES_PLUGIN" default:"true" negatable:"" help:"Load the plugin by which agents see and send files in every chat, not only in the widget's."`
	DesktopOrigins []string `name:"desktop-origins" env:"PARLEY_DESKTOP_ORIGINS" placeholder:"ORIGIN,..." help:"Other sites whose pages host Flex UI with this server, as https://desk.example.com."`

	ServiceLevel time.Duration `name:"service-level" env:"PARLEY_SERVICE_LEVEL" default:"30s" help:"How long a task may wait in its queue and count as handled in time in the Queues view."`
}

// SignIn says how workers prove to the desktop who they are. Without a provider they do it by a password.
type SignIn struct {
	SessionMax time.Duration `name:"session-max" env:"PARLEY_SESSION_MAX" default:"12h" help:"How long a worker stays signed in to the desktop without proving anew who they are."`

	OIDCIssuer        string   `name:"oidc-issuer" env:"PARLEY_OIDC_ISSUER" placeholder:"URL" help:"OpenID Connect provider at which workers sign in, as https://login.example.com/realm. Register {public-url}/preview/iam/oidc/callback there as redirect address."`
	OIDCClientID      string   `name:"oidc-client-id" env:"PARLEY_OIDC_CLIENT_ID" placeholder:"ID" help:"Name of this server at the provider."`
	OIDCClientSecret  Secret   `name:"oidc-client-secret" env:"PARLEY_OIDC_CLIENT_SECRET" placeholder:"SECRET" help:"Secret of oidc-client-id; left out for a public client."`
	OIDCScopes        []string `name:"oidc-scopes" env:"PARLEY_OIDC_SCOPES" default:"profile,email" placeholder:"SCOPE,..." help:"What to ask the provider for, beside openid."`
	OIDCNameClaim     string   `name:"oidc-name-claim" env:"PARLEY_OIDC_NAME_CLAIM" placeholder:"CLAIM" help:"Claim that is the worker's name: take one that people cannot change themselves. Left out, preferred_username, else a verified email."`
	OIDCRolesClaim    string   `name:"oidc-roles-claim" env:"PARLEY_OIDC_ROLES_CLAIM" placeholder:"CLAIM" help:"Claim that gives workers their roles agent, supervisor, admin at each sign-in, as realm_access.roles. Left out, a worker's attribute roles stays as it is."`
	OIDCCreateWorkers bool     `name:"oidc-create-workers" env:"PARLEY_OIDC_CREATE_WORKERS" help:"Make a worker for people of the provider for whom there is none yet; an agent, unless oidc-roles-claim says otherwise."`
}

// Widget says which sites may open the chat widget, and how fast visitors may come.
type Widget struct {
	WidgetOrigins  []string      `name:"widget-origins" env:"PARLEY_WIDGET_ORIGINS" placeholder:"ORIGIN,..." help:"Other sites whose pages may open the chat widget, as https://www.example.com; * means any, which is what demo mode takes when nothing is set."`
	WidgetRate     int           `name:"widget-rate" env:"PARLEY_WIDGET_RATE" default:"60" placeholder:"N" help:"Requests per minute of visitors from one client address: a visit needs two, each renewal of its token another. 0 means no limit. Mind that a whole office may share one address."`
	WidgetFlowRate int           `name:"widget-flow-rate" env:"PARLEY_WIDGET_FLOW_RATE" default:"600" placeholder:"N" help:"New chats of visitors per minute in one Flex Flow; 0 means no limit."`
	WidgetTokenTTL time.Duration `name:"widget-token-ttl" env:"PARLEY_WIDGET_TOKEN_TTL" default:"12h" help:"How long a visitor may come back to a chat after the page was closed. An open page goes on."`
}

// Logging shapes the log on standard error.
type Logging struct {
	LogLevel  string `name:"log-level" env:"PARLEY_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"One of debug, info, warn, error."`
	LogFormat string `name:"log-format" env:"PARLEY_LOG_FORMAT" default:"text" placeholder:"FORMAT" help:"text for people, json for machines."`
}

// Account holds an operator's old values. Those that are set are used in place of generated ones when the account is
// made at the first start, so that an existing token server goes on working unchanged (design §2.1).
type Account struct {
	AccountSID      string `name:"account-sid" env:"PARLEY_ACCOUNT_SID" placeholder:"AC..." help:"Account SID to use instead of a generated one."`
	AuthToken       Secret `name:"auth-token" env:"PARLEY_AUTH_TOKEN" placeholder:"SECRET" help:"Auth token of the account. It also signs webhooks."`
	APIKeySID       string `name:"api-key-sid" env:"PARLEY_API_KEY_SID" placeholder:"SK..." help:"API key SID to use; needs api-key-secret."`
	APIKeySecret    Secret `name:"api-key-secret" env:"PARLEY_API_KEY_SECRET" placeholder:"SECRET" help:"Secret of api-key-sid; it signs access tokens."`
	ChatServiceSID  string `name:"chat-service-sid" env:"PARLEY_CHAT_SERVICE_SID" placeholder:"IS..." help:"Chat service SID to use."`
	FlexFlowSID     string `name:"flex-flow-sid" env:"PARLEY_FLEX_FLOW_SID" placeholder:"FO..." help:"SID of the Flex Flow for custom chat."`
	WebFlowSID      string `name:"web-flow-sid" env:"PARLEY_WEB_FLOW_SID" placeholder:"FO..." help:"SID of the Flex Flow for the web chat widget."`
	ProxyServiceSID string `name:"proxy-service-sid" env:"PARLEY_PROXY_SERVICE_SID" placeholder:"KS..." help:"Proxy service SID to use."`
	WorkspaceSID    string `name:"workspace-sid" env:"PARLEY_WORKSPACE_SID" placeholder:"WS..." help:"TaskRouter workspace SID to use."`
	WorkflowSID     string `name:"workflow-sid" env:"PARLEY_WORKFLOW_SID" placeholder:"WW..." help:"SID of the workspace's workflow."`
	TaskQueueSID    string `name:"task-queue-sid" env:"PARLEY_TASK_QUEUE_SID" placeholder:"WQ..." help:"SID of the workspace's task queue."`
	WorkerSID       string `name:"worker-sid" env:"PARLEY_WORKER_SID" placeholder:"WK..." help:"SID of the first worker."`
}

// MediaDir is the folder of uploaded files.
func (s Storage) MediaDir() string { return filepath.Join(s.Data, "media") }

// ListenAddresses is what to listen on for addr. "localhost" means both loopback addresses, because a browser may try
// either first; only the first one must succeed, since a machine may lack IPv6.
func ListenAddresses(addr string) []string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || !strings.EqualFold(host, "localhost") {
		return []string{addr}
	}
	return []string{net.JoinHostPort("127.0.0.1", port), net.JoinHostPort("::1", port)}
}

// BaseURL is the address to show to people: public-url, else one made from listen. It has no slash at its end.
func (n Network) BaseURL() string {
	if n.PublicURL != "" {
		return strings.TrimRight(n.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(n.Listen)
	if err != nil {
		return "http://" + n.Listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	if port == "80" {
		u.Host = host
	}
	return u.String()
}

// Addresses are the transports' by kind of address; what has none is not in it.
func (t Transports) Addresses() map[string]string {
	all := map[string]string{}
	for kind, own := range map[string]DSN{"sms": t.TransportSMS, "whatsapp": t.TransportWhatsApp, "facebook": t.TransportFacebook, "line": t.TransportLine, "custom": t.TransportCustom} {
		if url := cmp.Or(own, t.TransportURL).Reveal(); url != "" {
			all[kind] = url
		}
	}
	return all
}

// Proxies is TrustedProxies as address ranges. Validate has refused what does not parse.
func (n Network) Proxies() []netip.Prefix {
	var out []netip.Prefix
	for _, s := range n.TrustedProxies {
		if p, err := parsePrefix(s); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// parsePrefix reads a CIDR range or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}
