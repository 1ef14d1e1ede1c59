import { Router } from 'express';
import { readAddressForm } from './address-form.ts';
import type { JobRouteParts } from './admit.ts';
import { JobRoutes } from './job-routes.ts';
import { ProjectRoutes } from './project-routes.ts';
import { SoundRoutes } from './sound-routes.ts';

/** `/api/v1`: projects, jobs, test runs and sounds. */
export const createJobsRouter = (parts: JobRouteParts): Router => {
  const router = Router();
  router.use(readAddressForm);
  new ProjectRoutes(parts).addTo(router);
  new JobRoutes(parts).addTo(router);
  new SoundRoutes(parts).addTo(router);
  return router;
};
