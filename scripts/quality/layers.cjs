/**
 * The walls between the folders of src. Each folder names what it may import; everything else is an error.
 */
const mayImport = {
  shared: [],
  config: ['shared'],
  calls: ['shared'],
  oauth: ['shared'],
  sip: ['shared'],
  media: ['shared'],
  'engines/sip': ['calls', 'sip', 'media', 'shared'],
  'engines/sandbox': ['calls', 'sip', 'media', 'shared'],
  http: ['calls', 'oauth', 'shared'],
  web: [
    ...['calls', 'oauth', 'shared'],
    ...[
      'http/negotiate',
      'http/oauth',
      'http/problem',
      'http/problem-types',
      'http/public-path',
      'http/request-target',
    ],
  ],
  // A feature never knows another one.
  'features/jobs': ['calls', 'oauth', 'http', 'web/page', 'web/login', 'shared'],
  'features/events': ['calls', 'oauth', 'http', 'shared'],
  'features/history': ['calls', 'oauth', 'http', 'shared'],
  'features/metrics': ['calls', 'oauth', 'http', 'shared'],
  'features/webhooks': ['calls', 'oauth', 'http', 'web/login/page-request', 'web/management', 'web/page', 'shared'],
  cli: ['app', 'config', 'shared'],
};

/** Where a folder is entered: from outside, no other file of it is imported. */
const faces = {
  oauth: [
    'authorization',
    'administration',
    'clients/client-description',
    'limits/concurrency-limit',
    'model/(account|grant|token)-stores',
    'model/(audit-log|errors|kept-reply-store|permissions|secrets|stores|username)',
    'request/(parameters|principal)',
    'server/server-metadata',
  ],
  sip: [
    'user-agent',
    'sip-stack',
    'message/(name-addr|uri)',
    'auth/(credential-store|digest|digest-server)',
    'registrar/(binding-store|registrar|registration)',
    'sdp/(answer-audio|audio-target|create-audio-sdp|origin|restrict-codecs|same-media)',
  ],
  calls: [
    'call-(admission|command|engine|events|planner|policy|rates|record|service|state|store)',
    'daily-use',
    '(dialled-text|number|number-check)',
    'errors',
    'outcome',
    'phone-directory',
    'feed/(call-feed|cursor|feed-store)',
    'advance',
    'ownership/(call-router|heartbeat|node-store)',
    'test-call',
  ],
  media: [
    'analysis/analysis-thread',
    'audio-sender',
    'media-port',
    'rtp-endpoint',
    'test-phone/test-phone-media',
    'tones',
    'wav',
  ],
  http: [
    'app',
    'authenticate',
    'body',
    'connections/(connection|connection-limits|connections)',
    'direct-route',
    'dispatcher',
    'errors',
    'known-names',
    'negotiate',
    'problem',
    'problem-types/problem-types-router',
    'public-path',
    'query',
    'rate-limit',
    'receive-body',
    'refuse-method',
    'reply',
    'request-target',
    'xml',
    'oauth/(authorization-server|errors|form|password-authenticator|presented-token)',
    'routes/call/(call-read|call-representation|call-wait|viewer)',
    'routes/me/me',
    'routes/oauth/(router|token)',
  ],
  web: [
    'page/(assets|csrf|page-body|page-data|page-errors|page-renderer|project-page-data|security-headers|webhook-page-data)',
    'login/(device|grant|login|logout|page-request|page-token|page-tokens|session)',
    'home/(home|problem-page|test-page)',
    'management/(management|own-sessions|shown-once)',
  ],
  'features/jobs': [
    ...['errors', 'job-runner', 'job-service', 'job-store', 'limits', 'model', 'project-check', 'schedule', 'script'],
    'pages/project-router',
    'routes/(jobs-router|junit|project-body|representation)',
  ],
  'features/webhooks': [
    ...[
      'delivery-writer',
      'errors',
      'model',
      'webhook-dispatcher',
      'webhook-sender',
      'webhook-service',
      'webhook-store',
    ],
    'guard/address-guard',
    'pages/webhook-pages',
    'routes/(representation|webhooks-route)',
  ],
  'features/history': [
    '(call-history|cursors|history-store|model|turns)',
    'routes/(history-read|summary-route|timeline-read)',
  ],
  'features/events': [
    '(call-waits|event-streams|feed-tail|frames|places|stream-tokens|token-reviews)',
    'routes/(events-route|stream-token-check)',
  ],
  'features/metrics': ['(auth|call|http|storage)-metrics', 'gauge', 'metrics-server'],
  storage: [
    'database',
    'errors',
    'open-database',
    'stores',
    'secret-(box|check|key|replacement|report|seals)',
    'phones/kysely-phone-book',
  ],
  config: ['config', 'settings'],
  cli: ['command-line'],
  app: [
    'service',
    'administration',
    'backup',
    'client-changes',
    'key-file',
    'route-report',
    'settings-check',
    'sip-accounts',
  ],
};

/** What every route is built of: all of http but the app, which knows the routes. */
const httpRoot = [
  'authenticate',
  'body',
  'challenge',
  'cors',
  'direct-route',
  'errors',
  'known-names',
  'negotiate',
  'problem',
  'public-path',
  'query',
  'rate-limit',
  'receive-body',
  'refuse-method',
  'reply',
  'request-context',
  'request-target',
  'xml',
];

/** The rooms of a folder, and which of their neighbours each may import. */
const rooms = {
  sip: {
    message: [],
    sdp: [],
    transport: ['message'],
    transaction: ['message', 'transport'],
    dialog: ['message', 'transport', 'transaction'],
    auth: ['message'],
    session: ['message', 'transport', 'transaction', 'dialog', 'auth'],
    registrar: ['message', 'transport', 'transaction', 'auth', 'session'],
  },
  'engines/sip': {
    leg: [],
    media: ['leg'],
    call: ['leg', 'media'],
    test: ['call', 'leg', 'media'],
  },
  http: {
    connections: ['errors', 'problem', 'reply'],
    oauth: httpRoot,
    'routes/call': [...httpRoot, 'connections'],
    'routes/me': httpRoot,
    'routes/oauth': [...httpRoot, 'oauth'],
  },
  web: {
    page: [],
    login: ['page'],
    home: ['page', 'login'],
    management: ['page', 'login'],
  },
  oauth: {
    model: [],
    limits: ['model'],
    keys: ['model'],
    request: ['model', 'keys'],
    tokens: ['model', 'keys', 'limits', 'request'],
    accounts: ['model', 'limits'],
    clients: ['model', 'limits', 'request'],
    authorize: ['model', 'request'],
    grants: ['model', 'accounts', 'tokens'],
    device: ['model', 'clients', 'limits', 'tokens'],
    server: ['model', 'accounts', 'clients', 'grants', 'keys', 'limits', 'request', 'tokens'],
  },
};

const roomsOf = ([folder, neighbours]) =>
  Object.entries(neighbours).map(([room, allowed]) => [
    `${folder}/${room}`,
    [...mayImport[folder], ...allowed.map((neighbour) => `${folder}/${neighbour}`)],
  ]);

const wall = ([folder, allowed]) => ({
  name: `wall-${folder.replaceAll('/', '-')}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: '^(src|db)/', pathNot: `^src/(${[folder, ...allowed].join('|')})([/.]|$)` },
});

const face = ([folder, files]) => ({
  name: `face-${folder.replaceAll('/', '-')}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
  to: { path: `^src/${folder}/`, pathNot: `^src/${folder}/(${files.join('|')})\\.ts$` },
});

const ports = '(calls|oauth/model)/|features/[a-z]+/(model|script|[a-z]+-store)|sip/(registrar|auth)/[a-z]+-store';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...Object.entries(mayImport).map(wall),
    ...Object.entries(faces).map(face),
    ...Object.entries(rooms).flatMap(roomsOf).map(wall),
    {
      name: 'wall-storage',
      severity: 'error',
      from: { path: '^src/storage/' },
      to: { path: '^src/', pathNot: `^src/(storage/|shared/|${ports})` },
    },
    {
      name: 'wall-storage-rooms',
      severity: 'error',
      from: { path: '^src/storage/(calls|phones|oauth|dialects)/' },
      to: { path: '^src/storage/(calls|phones|oauth|dialects)/', pathNot: '^src/storage/$1/' },
    },
    {
      name: 'main-starts-the-cli',
      severity: 'error',
      from: { path: '^src/main\\.ts$' },
      to: { path: '^(src|db)/', pathNot: '^src/cli/' },
    },
    {
      name: 'only-app-knows-drivers',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|storage|engines)/' },
      to: { path: '^src/(storage|engines)/' },
    },
    {
      name: 'one-importer-of-oauth2orize',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/oauth/authorization-server\\.ts$' },
      to: { path: 'node_modules/oauth2orize/' },
    },
    {
      name: 'oauth-knows-no-http',
      severity: 'error',
      from: { path: '^src/oauth/' },
      to: { path: '^(node:)?https?$|node_modules/(@types/)?express' },
    },
    {
      name: 'only-keys-know-jose',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/oauth/keys/' },
      to: { path: 'node_modules/jose/' },
    },
    {
      name: 'one-importer-of-passport',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/http/oauth/password-authenticator\\.ts$' },
      to: { path: 'node_modules/passport' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
