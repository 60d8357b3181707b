#!/bin/bash
# test-instance-lifecycle.sh

echo "🚀 Тестирование полного жизненного цикла экземпляра"

# 1. Создание экземпляра
echo "1️⃣ Создание WhatsApp экземпляра..."
INSTANCE_RESPONSE=$(curl -s -X POST http://localhost:3000/api/v1/instances \
  -H "Content-Type: application/json" \
  -d '{
    "user_id": "test-lifecycle-'$(date +%s)'",
    "provider": "whatsappweb",
    "type_instance": ["api"]
  }')

INSTANCE_ID=$(echo $INSTANCE_RESPONSE | jq -r '.instance_id')
echo "✅ Экземпляр создан: $INSTANCE_ID"

# 2. Обработка экземпляра
echo "2️⃣ Обработка экземпляра..."
PROCESS_RESPONSE=$(curl -s -X POST http://localhost:3000/api/v1/instances/$INSTANCE_ID/process \
  -H "Content-Type: application/json" \
  -d '{}')

echo "✅ Экземпляр обработан"

# 3. Ожидание готовности
echo "3️⃣ Ожидание готовности контейнера (30 сек)..."
sleep 30

# 4. Проверка статуса
echo "4️⃣ Проверка статуса экземпляра..."
curl http://localhost:3000/api/v1/instances/$INSTANCE_ID | jq '.status'

# 5. Получение данных из памяти
echo "5️⃣ Проверка данных в памяти..."
curl http://localhost:3000/api/v1/instances/$INSTANCE_ID/memory | jq '.data.status'

# 6. Очистка
echo "6️⃣ Удаление тестового экземпляра..."
curl -X DELETE http://localhost:3000/api/v1/instances/$INSTANCE_ID
echo "✅ Тест завершен успешно"
