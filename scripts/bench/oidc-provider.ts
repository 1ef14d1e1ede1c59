/* What client_credentials are compared with: oidc-provider as it comes, its tokens in memory, in a process of its own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  const provider = new Provider(`http://localhost:${port}`, {
    clients: [
      {
        client_id: 'bench',
        client_secret: 'a-secret-of-the-bench-as-long-as-ours-are',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    scopes: ['call'],
  });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  console.log(port);
});
