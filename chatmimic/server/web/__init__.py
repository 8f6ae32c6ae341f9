"""The page of the server: chats, kept conversations, reports, for a browser.

`document` renders it, `page.js` makes it talk with the routes of `talking`, `pasting`, `keeping`
and `reports`. No text of a message is ever markup, and nothing is fetched from anywhere else.
"""
