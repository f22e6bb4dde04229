'use strict'

// Runs in the browser, from within the page. Without it the links lead to the
// files themselves.
{
  const player = document.querySelector('#player')
  const list = document.querySelector('#videos')
  const title = document.querySelector('#title bdi')
  const status = document.querySelector('#status')

  const show = (link) => {
    list.querySelector('[aria-current]')?.removeAttribute('aria-current')
    link.setAttribute('aria-current', 'true')
    title.textContent = link.querySelector('.name').textContent
    status.textContent = ''
    player.src = link.href
    // What goes wrong comes as an 'error' event too.
    player.play().catch(() => {})
  }

  list?.addEventListener('click', (event) => {
    const link = event.target.closest('a')
    const wantsNewTab = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey
    if (link === null || wantsNewTab) return
    event.preventDefault()
    show(link)
  })

  const onError = () => {
    const isUnplayable = player.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED
    status.textContent = isUnplayable
      ? 'This browser cannot play the video: it is gone, or of a kind that the browser does not know.'
      : 'The video stopped because of an error.'
  }
  player?.addEventListener('error', onError)
  // The first video may have failed before anyone listened.
  if (player?.error) onError()
}
