// Shows a typed password on request, and says so when two passwords differ, before anything is sent.

for (const button of document.querySelectorAll('[data-shows]')) {
  const field = document.getElementById(button.dataset.shows);
  button.hidden = false;
  button.addEventListener('click', () => {
    const isShown = field.type === 'text';
    field.type = isShown ? 'password' : 'text';
    button.setAttribute('aria-pressed', String(!isShown));
    field.focus();
  });
}

const second = document.getElementById('password2');
if (second) {
  const first = document.getElementById('password');
  const compare = () => second.setCustomValidity(first.value === second.value ? '' : second.dataset.differs);
  first.addEventListener('input', compare);
  second.addEventListener('input', compare);
}

// A second tap on a slow line must not send the form twice.
document.querySelector('form')?.addEventListener('submit', event => {
  event.target.querySelector('.btn--main').disabled = true;
});
// The back button may bring the page back from memory, button still disabled.
window.addEventListener('pageshow', () => document.querySelectorAll('.btn--main').forEach(button => { button.disabled = false; }));
