// The browser alone keeps what is set: it goes from the table into the page's memory without a server between,
// so that no late answer can undo a newer setting. A table that is drawn again takes up what was set since it
// was asked for. The attributes follow what is shown, because a new table is compared with them.
const held = window.lorakitMix ??= {};
const turn = (row, on) => {
  row.querySelector('.switch').setAttribute('aria-checked', on);
  row.classList.toggle('off', !on);
};
const show = input => {
  if (input.tagName === 'SELECT') return choose(input);
  input.setAttribute('value', input.value);
  const row = input.closest('[data-slug]');
  const twin = row.querySelector(`[data-set="${input.dataset.set}"]:not([type="${input.type}"])`);
  if (!twin) return;
  if (twin.type === 'range') {
    const far = input.value < Number(twin.dataset.low) || input.value > Number(twin.dataset.high);
    twin.min = far ? -2 : twin.dataset.low;
    twin.max = far ? 2 : twin.dataset.high;
  }
  twin.value = input.value;
  twin.setAttribute('value', input.value);
};
const choose = select => {
  for (const option of select.options) option.toggleAttribute('selected', option.selected);
  select.closest('details').querySelector('.own').dataset.part = select.value;
};
const fields = row => row.querySelectorAll('input[type=number], input[type=text], select');
const value = input => input.type !== 'number' ? input.value
  : input.value === '' ? null : Number(input.value);
const fill = (row, set) => {
  for (const input of fields(row)) {
    if (!(input.dataset.set in set)) continue;
    input.value = set[input.dataset.set] ?? '';
    show(input);
  }
  turn(row, set.on);
};
const hold = row => {
  held[row.dataset.slug] = {
    on: row.querySelector('.switch').getAttribute('aria-checked') === 'true',
    ...Object.fromEntries([...fields(row)].map(input => [input.dataset.set, value(input)])),
  };
  trigger('input');
};
const settle = () => {
  for (const row of element.querySelectorAll('[data-slug]'))
    if (held[row.dataset.slug]) fill(row, held[row.dataset.slug]);
  if (props.listed) held[''] =
    [...element.querySelectorAll('.mix-row')].map(row => row.dataset.slug || row.dataset.gone);
  trigger('input');
};
element.addEventListener('input', event => show(event.target));
element.addEventListener('change', event => {
  show(event.target);
  hold(event.target.closest('[data-slug]'));
});
element.addEventListener('click', event => {
  const out = event.target.closest('.out');
  if (out) {
    const row = out.closest('.mix-row');
    trigger('select', {slug: row.dataset.slug || row.dataset.gone});
  }
  const button = event.target.closest('.switch');
  if (!button) return;
  const row = button.closest('[data-slug]');
  turn(row, button.getAttribute('aria-checked') !== 'true');
  hold(row);
});
watch('value', settle);
watch('turned', () => {
  for (const row of element.querySelectorAll('[data-slug]')) {
    for (const input of fields(row)) {
      const [before, after] = props.turned?.rows[row.dataset.slug]?.[input.dataset.set] ?? [];
      if (after === undefined || (value(input) ?? null) !== before) continue;
      input.value = after;
      show(input);
    }
    hold(row);
  }
});
if (element.querySelector('.mix-row')) settle();
