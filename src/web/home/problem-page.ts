import type { ShowProblems } from '../../http/problem-types/problem-types-router.ts';
import type { RenderPage } from '../page/page-renderer.ts';
import { createPageSecurityHeaders } from '../page/security-headers.ts';

/** The page of what problems mean and what to do about them. */
export const createProblemPage = (deps: {
  readonly renderPage: RenderPage;
  readonly publicUrl: string;
}): ShowProblems => {
  const setHeaders = createPageSecurityHeaders({ publicUrl: deps.publicUrl, formTargets: 'own-pages' });
  const all = `${deps.publicUrl}/problems`;
  return (request, response, problems) => {
    const [first, ...more] = problems;
    const title = first === undefined || more.length > 0 ? 'Problems and what to do' : first.title;
    void setHeaders(request, response, () =>
      deps.renderPage(response, { view: 'problems', status: 200, data: { title, problems, all } }),
    );
  };
};
