// A click on a card tells the page which adapter it stands for; the server looks the name up.
element.addEventListener('click', event => {
  const card = event.target.closest('[data-slug]');
  if (card) trigger('select', {slug: card.dataset.slug});
});
