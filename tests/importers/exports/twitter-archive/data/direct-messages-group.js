window.YTD.direct_messages_group.part0 = [
  {
    "dmConversation" : {
      "conversationId" : "700",
      "messages" : [
        { "participantsLeave" : { "userIds" : [ "11" ], "createdAt" : "2023-11-16T10:03:00.000Z" } },
        { "conversationNameUpdate" : { "initiatingUserId" : "11", "name" : "Looms", "createdAt" : "2023-11-16T10:02:00.000Z" } },
        {
          "messageCreate" : {
            "reactions" : [ ], "urls" : [ ], "text" : "hello all", "mediaUrls" : [ ],
            "senderId" : "22", "id" : "1700000000000000020", "createdAt" : "2023-11-16T10:01:30.000Z"
          }
        },
        { "conversationNameUpdate" : { "initiatingUserId" : "11", "name" : "Old looms", "createdAt" : "2023-11-16T10:01:00.000Z" } },
        { "joinConversation" : { "initiatingUserId" : "11", "participantsSnapshot" : [ "11", "22", "33" ], "createdAt" : "2023-11-16T10:00:00.000Z" } }
      ]
    }
  }
]
