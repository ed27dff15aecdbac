// Copies the text of the variant whose button was pressed; works without HTTPS only where browsers allow it.
element.addEventListener('click', event => {
  const button = event.target.closest('.copy-it');
  if (!button) return;
  navigator.clipboard.writeText(button.closest('.copy').querySelector('.text').innerText)
    .then(() => { button.textContent = 'Copied'; setTimeout(() => { button.textContent = 'Copy'; }, 1500); });
});
