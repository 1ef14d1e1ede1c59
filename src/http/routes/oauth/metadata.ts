import { Router } from 'express';
import { RESOURCE_PATH } from '../../../oauth/model/resource.ts';
import { resourceMetadata, serverMetadata, wellKnownPaths } from '../../../oauth/server/server-metadata.ts';

/** It changes only with a new version or another configuration of the service. */
const CACHEABLE = 'public, max-age=3600';

export interface MetadataRouterDeps {
  /** The issuer, and the base of every address; no slash at its end. */
  readonly publicUrl: string;
}

const documentsOf = ({ publicUrl }: MetadataRouterDeps): ReadonlyMap<string, string> => {
  const server = JSON.stringify(serverMetadata(publicUrl));
  const resource = JSON.stringify(resourceMetadata(publicUrl));
  return new Map([
    ...wellKnownPaths('oauth-authorization-server', { publicUrl }).map((path) => [path, server] as const),
    ...wellKnownPaths('oauth-protected-resource', { publicUrl, path: RESOURCE_PATH }).map(
      (path) => [path, resource] as const,
    ),
  ]);
};

/** What clients and front-ends find out by themselves: RFC 8414 and RFC 9728. */
export const createMetadataRouter = (deps: MetadataRouterDeps): Router => {
  const documents = documentsOf(deps);
  return Router().use((request, response, next) => {
    const document = documents.get(request.path);
    if (document === undefined) next();
    else if (request.method === 'GET' || request.method === 'HEAD') {
      response.set('Cache-Control', CACHEABLE).type('json').send(document);
    } else response.status(405).set('Allow', 'GET, HEAD').end();
  });
};
