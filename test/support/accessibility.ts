import type { Page } from 'playwright-core';

/* What of the browser the audit uses: the project itself is compiled without the types of a browser. */
interface AuditedElement {
  readonly tagName: string;
  readonly id: string;
  readonly textContent: string;
  readonly parentElement: AuditedElement | null;
  readonly childNodes: Iterable<{ readonly nodeType: number; readonly textContent: string }>;
  readonly labels?: { readonly length: number } | null;
  getAttribute(name: string): string | null;
  checkVisibility(): boolean;
}
interface AuditedStyle {
  readonly color: string;
  readonly backgroundColor: string;
  readonly fontSize: string;
  readonly fontWeight: string;
}
declare const document: {
  readonly title: string;
  readonly documentElement: AuditedElement & { readonly scrollWidth: number; readonly clientWidth: number };
  querySelectorAll(selector: string): Iterable<AuditedElement>;
};
declare const getComputedStyle: (element: AuditedElement) => AuditedStyle;

/** Runs in the browser, so it carries all it needs. */
const audit = (): string[] => {
  const visible = (selector: string): AuditedElement[] =>
    [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
  const describe = (element: AuditedElement): string =>
    `<${element.tagName.toLowerCase()}> "${element.textContent.trim().slice(0, 30)}" #${element.id}`;

  const structure = (): string[] => {
    const levels = visible('h1, h2, h3, h4').map(({ tagName }) => Number(tagName.slice(1)));
    const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
    return [
      ...(document.documentElement.getAttribute('lang') === 'en' ? [] : ['no language']),
      ...(document.title === '' ? ['no title'] : []),
      ...(levels.filter((level) => level === 1).length === 1 ? [] : ['not one main heading']),
      ...levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1).map((level) => `skips to h${level}`),
      ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `two elements #${id}`),
      ...([...document.querySelectorAll('main')].length === 1 ? [] : ['not one main region']),
      ...(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['scrolls sideways'] : []),
    ];
  };

  const names = (): string[] => {
    const fields = visible('input, select, textarea').filter((field) => (field.labels?.length ?? 0) === 0);
    const controls = visible('a[href], button').filter(
      (control) => control.textContent.trim() === '' && control.getAttribute('aria-label') === null,
    );
    return [...fields, ...controls].map((element) => `${describe(element)} has no name`);
  };

  const partsOf = (color: string): number[] => [...color.matchAll(/[\d.]+/g)].map(Number);
  const backgroundOf = (element: AuditedElement | null): string => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return partsOf(backgroundColor)[3] === 0 ? backgroundOf(element.parentElement) : backgroundColor;
  };
  // WCAG 2.2, relative luminance
  const luminance = (color: string): number => {
    const [red = 0, green = 0, blue = 0] = partsOf(color)
      .slice(0, 3)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrastOf = (element: AuditedElement): number => {
    const text = luminance(getComputedStyle(element).color);
    const background = luminance(backgroundOf(element));
    return (Math.max(text, background) + 0.05) / (Math.min(text, background) + 0.05);
  };
  const hasText = (element: AuditedElement): boolean =>
    ['INPUT', 'SELECT'].includes(element.tagName) ||
    [...element.childNodes].some(({ nodeType, textContent }) => nodeType === 3 && textContent.trim() !== '');
  const contrast = (): string[] =>
    visible('body *')
      .filter((element) => hasText(element) && contrastOf(element) < 4.5)
      .map((element) => `${describe(element)} has a contrast of ${contrastOf(element).toFixed(2)}`);

  return [...structure(), ...names(), ...contrast()];
};

/**
 * What a page does wrong for people who do not see it well, or not at all: language, title, headings, names of fields
 * and controls, contrast (WCAG 2.2 AA), sideways scrolling. Empty where nothing was found.
 */
export const accessibilityFaults = (page: Page): Promise<string[]> => page.evaluate(audit);
