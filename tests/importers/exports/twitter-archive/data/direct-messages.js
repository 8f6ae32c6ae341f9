window.YTD.direct_messages.part0 = [
  {
    "dmConversation" : {
      "conversationId" : "11-22",
      "messages" : [
        {
          "messageCreate" : {
            "recipientId" : "22",
            "reactions" : [
              { "senderId" : "22", "reactionKey" : "funny", "eventId" : "900", "createdAt" : "2023-11-14T22:16:00.000Z" },
              { "senderId" : "11", "reactionKey" : "🧵", "eventId" : "901", "createdAt" : "2023-11-14T22:16:00.000Z" }
            ],
            "urls" : [
              { "url" : "https://t.co/abc", "expanded" : "https://example.org/loom?a=1", "display" : "example.org/loom" }
            ],
            "text" : "warp &amp; weft: https://t.co/abc",
            "mediaUrls" : [ ],
            "senderId" : "11",
            "id" : "1700000000000000004",
            "createdAt" : "2023-11-14T22:15:20.000Z",
            "editHistory" : [ ]
          }
        },
        {
          "messageCreate" : {
            "recipientId" : "11",
            "reactions" : [ ],
            "urls" : [
              { "url" : "https://t.co/pic", "expanded" : "https://twitter.com/messages/media/1700000000000000003", "display" : "pic.twitter.com/pic" }
            ],
            "text" : "https://t.co/pic",
            "mediaUrls" : [ "https://ton.twitter.com/dm/1/1/x.jpg" ],
            "senderId" : "22",
            "id" : "1700000000000000003",
            "createdAt" : "2023-11-14T22:14:20.000Z",
            "editHistory" : [ ]
          }
        },
        {
          "messageCreate" : {
            "recipientId" : "22",
            "reactions" : [ ],
            "urls" : [ ],
            "text" : "is the loom warm?",
            "mediaUrls" : [ ],
            "senderId" : "11",
            "id" : "1700000000000000002",
            "createdAt" : "2023-11-14T22:13:20.000Z",
            "editHistory" : [ ]
          }
        },
        { "reactionCreate" : { "senderId" : "11", "reactionKey" : "like", "eventId" : "902", "createdAt" : "2023-11-14T22:13:00.000Z" } },
        { "somethingNew" : { "senderId" : "11", "createdAt" : "2023-11-14T22:12:00.000Z" } }
      ]
    }
  },
  {
    "dmConversation" : {
      "conversationId" : "22-33",
      "messages" : [
        {
          "welcomeMessageCreate" : {
            "recipientId" : "22", "text" : "Welcome!", "urls" : [ ], "mediaUrls" : [ ],
            "senderId" : "33", "id" : "1700000000000000010", "createdAt" : "2023-11-15T10:00:00.000Z"
          }
        }
      ]
    }
  }
]
