# Получение контактов
curl -H "Authorization: Bearer YOUR_API_KEY" \
  http://localhost:$WHATSAPP_API_PORT/api/v1/contacts

# Получение чатов
curl -H "Authorization: Bearer YOUR_API_KEY" \
  http://localhost:$WHATSAPP_API_PORT/api/v1/chats

# Поиск контактов
curl -H "Authorization: Bearer YOUR_API_KEY" \
  "http://localhost:$WHATSAPP_API_PORT/api/v1/contacts/search?query=test"

# Получение сообщений из чата
curl -H "Authorization: Bearer YOUR_API_KEY" \
  "http://localhost:$WHATSAPP_API_PORT/api/v1/messages/77475318623?limit=10"

# Получение групп
curl -H "Authorization: Bearer YOUR_API_KEY" \
  http://localhost:$WHATSAPP_API_PORT/api/v1/groups

# Получение информации об аккаунте
curl -H "Authorization: Bearer YOUR_API_KEY" \
  http://localhost:$WHATSAPP_API_PORT/api/v1/account

# Отправка сообщения через Multi-Provider API
curl -X POST http://localhost:3000/api/v1/multi-provider/instances/whatsappweb/{INSTANCE_ID}/send-message \
  -H "Authorization: Bearer YOUR_API_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "to": "1234567890",
    "message": "Тестовое сообщение через Multi-Provider API"
  }'

# Отправка сообщения через прямой API WhatsApp
curl -X POST http://localhost:4699/api/v1/send \
  -H "Authorization: Bearer b7542e75-2a76-43cb-9ed0-c0d3ecbbcef2" \
  -H "Content-Type: application/json" \
  -d '{
    "number": "77475318623",
    "message": "Тестовое сообщение"
  }'

# Отправка изображения
curl -X POST http://localhost:$WHATSAPP_API_PORT/api/v1/send/media \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "number": "1234567890",
    "source": "https://picsum.photos/300/200",
    "caption": "Тестовое изображение"
  }'

# Отправка сообщения в группу
curl -X POST http://localhost:$WHATSAPP_API_PORT/api/v1/groups/GROUP_ID@g.us/send \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "message": "Привет, группа!"
  }'

# Создание группы
curl -X POST http://localhost:$WHATSAPP_API_PORT/api/v1/groups \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "name": "Тестовая группа",
    "participants": ["1234567890", "0987654321"]
  }'

# Добавление участника в группу
curl -X POST http://localhost:$WHATSAPP_API_PORT/api/v1/groups/GROUP_ID@g.us/participants \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "participants": ["1234567890"]
  }'

# Удаление участника из группы
curl -X DELETE http://localhost:$WHATSAPP_API_PORT/api/v1/groups/GROUP_ID@g.us/participants/1234567890 \
  -H "Authorization: Bearer YOUR_API_KEY"

# Получение текущей конфигурации webhook
curl -H "Authorization: Bearer YOUR_API_KEY" \
  http://localhost:$WHATSAPP_API_PORT/api/v1/webhook

# Обновление конфигурации webhook
curl -X PUT http://localhost:$WHATSAPP_API_PORT/api/v1/webhook \
  -H "Authorization: Bearer YOUR_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "enabled": true,
    "url": "https://your-webhook-url.com/webhook",
    "events": ["message", "message_ack", "qr", "ready"]
  }'
