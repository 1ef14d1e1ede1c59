import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Where the forms of a page may lead. After consent that is the address that the application registered. */
export type FormTargets = 'own-pages' | 'anywhere';

const ownOnly = ["'self'"];
const nothing = ["'none'"];

const contentSecurityPolicy = {
  defaultSrc: nothing,
  scriptSrc: ownOnly,
  styleSrc: ownOnly,
  imgSrc: ownOnly,
  connectSrc: ownOnly,
  mediaSrc: ownOnly,
  baseUri: nothing,
  frameAncestors: nothing,
  requireTrustedTypesFor: ["'script'"],
};

/**
 * The headers of every page: never framed, never cached, nothing from anywhere else, no inline code.
 *
 * - Login and grant pages need `formTargets: 'anywhere'`: Chrome applies `form-action` to the redirects that follow a
 *   form, and would stop the one back to the application.
 * - `Referrer-Policy` is `same-origin`: under `no-referrer` a browser sends `Origin: null` with our own forms.
 * - No `Cross-Origin-Opener-Policy`: it would cut an application off from the popup it opened for the login.
 */
export const createPageSecurityHeaders = (options: {
  readonly publicUrl: string;
  readonly formTargets: FormTargets;
}): RequestHandler => {
  const formAction = options.formTargets === 'own-pages' ? { formAction: ownOnly } : {};
  const setHeaders = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { ...contentSecurityPolicy, ...formAction } },
    crossOriginOpenerPolicy: false,
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: options.publicUrl.startsWith('https:'),
    xFrameOptions: { action: 'deny' },
  });
  return (request, response, next) => {
    response.set('Cache-Control', 'no-store');
    setHeaders(request, response, next);
  };
};
