/*
 * What every page does. Without it the pages work too: a browser asks before it repeats a form, and what is sent twice is
 * done once.
 */

/** A page that answers a form is found again by its own address: a reload asks for that, and sends no form again. */
const found = document.querySelector('link[rel=canonical]');
if (found !== null) history.replaceState(history.state, '', found.href);

const buttonsOf = (form) => form.querySelectorAll('button');

/** A form is sent once. The button that was pressed goes along with it, so it is switched off behind that. */
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent !== undefined) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = '';
  setTimeout(() => {
    for (const button of buttonsOf(form)) button.disabled = true;
  });
});

/** The browser may bring a page back as it was left. */
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of buttonsOf(form)) button.disabled = false;
  }
});
