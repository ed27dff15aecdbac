const send = () => trigger('input');
element.addEventListener('change', event => {
  event.target.closest('.photo')?.classList.toggle('out', !event.target.checked);
  send();
});
element.addEventListener('click', event => {
  const all = event.target.closest('[data-all]');
  if (!all) return;
  element.querySelectorAll(all.dataset.all).forEach(card => {
    card.querySelector('input').checked = all.dataset.to === 'on';
    card.classList.toggle('out', all.dataset.to !== 'on');
  });
  send();
});
